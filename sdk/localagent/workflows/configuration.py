"""What the user's settings say of workflows: the sections ``workflow`` and ``workflows`` of ``config.yaml``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from localagent.errors import ConfigError, PhaseCycle
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import called, did_you_mean, dotted
from localagent.workflows.definition import Defaults, Misfit, read_workflow
from localagent.workflows.executor import EXECUTORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.services.settings import Settings
    from localagent.workflows.definition import Workflow

SECTION = "workflow"
WORKFLOWS = "workflows"
DEADLINE = 600.0
"""Seconds that an attempt may take where nobody says anything else."""
LIMIT = 32
"""How many agents run at a time where nobody says anything else."""
_KINDS: dict[str, tuple[type, ...]] = {
    "default": (str,),
    "executor": (str,),
    "scheduler": (str,),
    "workers": (int,),
    "limit": (int,),
    "deadline": (int, float),
    "retries": (int,),
}


class WorkflowDefaults(NamedTuple):
    """The section ``workflow``.

    Attributes:
        default: the workflow that runs where none is named; None for LocalAgent's own.
        executor: where agents run.
        scheduler: address of the cluster that they run on, if there is one.
        workers: processes of a cluster of our own; None leaves it to the executor.
        limit: how many agents run at a time.
        agents: what agents have that say nothing else.
    """

    default: str | None
    executor: str
    scheduler: str | None
    workers: int | None
    limit: int
    agents: Defaults


class ReadWorkflow(NamedTuple):
    """A workflow that was read.

    Attributes:
        data: a copy of what it was read from.
        defaults: of its agents at that time.
        workflow: what that means.
    """

    data: Any
    defaults: Defaults
    workflow: Workflow


class WorkflowSettings:
    """Which workflows the user wrote, and how workflows are run.

    Args:
        settings: the user's.
        read: by name what was read before, which is not read again as long as the settings say the same.
    """

    def __init__(self, settings: Settings, read: dict[str, ReadWorkflow] | None = None) -> None:
        self._settings = settings
        self._read = {} if read is None else read

    def defaults(self) -> WorkflowDefaults:
        """How workflows are run.

        Raises:
            ConfigError: a key means nothing, or has a value that it cannot have.
        """
        section = self._section(SECTION)
        for key, value in section.items():
            if key not in _KINDS:
                self._refuse(
                    (SECTION, key), "means nothing", did_you_mean(key, _KINDS) or f"known are {', '.join(_KINDS)}"
                )
            if not _is_fit(value, _KINDS[key]):
                self._refuse((SECTION, key), f"must be {_wanted(key)}, not {called(value)}")
        executor = section.get("executor", "asyncio")
        if executor not in EXECUTORS:
            fix = did_you_mean(executor, EXECUTORS) or f"there are {', '.join(EXECUTORS)}"
            self._refuse((SECTION, "executor"), f"names '{executor}', which is no executor", fix)
        agents = Defaults(section.get("deadline", DEADLINE) or None, section.get("retries", 0))
        return WorkflowDefaults(
            section.get("default"),
            executor,
            section.get("scheduler"),
            section.get("workers") or None,
            section.get("limit") or LIMIT,
            agents,
        )

    def names(self) -> tuple[str, ...]:
        """The workflows that the user wrote, in the order of the file.

        Raises:
            ConfigError: the section is no mapping.
            ManifestError: the file cannot be read.
        """
        return tuple(self._section(WORKFLOWS))

    def workflow(self, name: str) -> Workflow:
        """One of them.

        Raises:
            ConfigError: it cannot be meant so; the error names the line.
            PhaseCycle: its phases wait for each other.
        """
        data, defaults = self._section(WORKFLOWS)[name], self.defaults().agents
        read = self._read.get(name)
        if read is not None and read.data == data and read.defaults == defaults:
            return read.workflow
        try:
            workflow = read_workflow(name, data, defaults)
        except Misfit as error:
            path = (WORKFLOWS, name, *error.path)
            if error.cycle:
                place = self._settings.whole().origin_of(path)
                message = f"'{dotted(path)}' {error}"
                raise PhaseCycle(message, phases=error.cycle, file=place.file, line=place.line) from None
            self._refuse(path, str(error), error.fix)
        self._read[name] = ReadWorkflow(copy.deepcopy(data), defaults, workflow)
        return workflow

    def _section(self, name: str) -> Mapping[str, Any]:
        if self._settings.problem is not None:
            raise self._settings.problem
        section = self._settings.user.get(name)
        if section is None:
            return {}
        if not is_mapping(section):
            self._refuse((name,), f"must be a mapping, not {called(section)}")
        return section

    def _refuse(self, path: tuple[str | int, ...], message: str, fix: str = "") -> NoReturn:
        origin = self._settings.whole().origin_of(path)
        raise ConfigError(
            f"'{dotted(path)}' {message}",
            file=origin.file,
            line=origin.line,
            column=origin.column,
            fix=fix or "correct the file; 'localagent config path' prints where it is",
        )


def _wanted(key: str) -> str:
    return "text" if _KINDS[key] == (str,) else "a number of at least 0"


def _is_fit(value: Any, kinds: tuple[type, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    return not isinstance(value, int | float) or value >= 0
