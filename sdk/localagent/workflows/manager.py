"""The workflows of one host: who offers their parts, and running them from their beginning or from where they stand."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from localagent.errors import ConfigError, RefusedError, UnknownWorkflowName, UsageError
from localagent.manifest.wording import did_you_mean
from localagent.services.catalogue import Catalogue, Offer
from localagent.workflows.attempt import Part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from localagent.plugins.provider import CompletionRequest, CompletionResponse
    from localagent.services.settings import Settings
    from localagent.workflows.attempt import Caller
    from localagent.workflows.configuration import ReadWorkflow
    from localagent.workflows.definition import Workflow
    from localagent.workflows.executor import OpenInstallation
    from localagent.workflows.progress import Event
    from localagent.workflows.runs import Runs
    from localagent.workflows.stepping import Stepper

PARTS = ("phases", "agents", "orchestrators")
"""The sorts of parts that ``get_workflow_components`` may give."""


class PartSource(Protocol):
    """Where the parts come from that nobody offered yet."""

    async def load(self, names: Collection[str] | None) -> Mapping[str, str]:
        """Load the plugins that offer parts of these names, or with None all that offer parts.

        Returns:
            why each plugin that may offer one of them could not be loaded.
        """
        ...


class Services(NamedTuple):
    """What running workflows needs of the host.

    Attributes:
        settings: the user's.
        runs_file: where runs are recorded.
        complete: asks a provider, by its name or the default one.
        chain: the providers that would be asked; raises where there are none, or none of that name.
        tell: says a topic and its data to whoever subscribed.
        warn: says a sentence to the user.
        forgive: forgets the single death of a plugin whose work has now come to its end.
        ending: entered while what a run began is ended; within, the signal that asked for it interrupts no more.
        open_installation: opens the plugins in a worker process.
        installation: what worker processes of this machine are to open.
        keeps_given: whether what each attempt was given is recorded.
        with_traces: whether errors are recorded with Python's own account.
        pause: awaited while no phase runs, before the next ones begin; None where nobody uses that.
    """

    settings: Settings
    runs_file: Path
    complete: Callable[[str | None, str | CompletionRequest], Awaitable[CompletionResponse]]
    chain: Callable[[str | None], object]
    tell: Callable[[str, dict[str, Any]], Awaitable[object]]
    warn: Callable[[str], object]
    forgive: Callable[[str], object]
    ending: Callable[[], AbstractContextManager[object]]
    open_installation: OpenInstallation
    installation: str
    keeps_given: bool = False
    with_traces: bool = False
    pause: Callable[[], Awaitable[object]] | None = None


class WorkflowManager:
    """Knows which plugin offers which phase, agent or orchestrator, and runs workflows of them.

    Args:
        services: what running needs.
        source: where parts come from that nobody offered yet; None where there are no others.
    """

    def __init__(self, services: Callable[[], Services], *, source: PartSource | None = None) -> None:
        self._services = services
        self._source = source
        self._catalogues = {part: Catalogue[Part](part.removesuffix("s")) for part in PARTS}
        self._runs: Runs | None = None
        self._read: dict[str, ReadWorkflow] = {}

    def close(self) -> None:
        """Let the file of the recorded runs go; the next run opens it again."""
        if self._runs is not None:
            self._runs.close()

    @property
    def phases(self) -> Mapping[str, Offer[Part]]:
        """The phases on offer, by name."""
        return self._catalogues["phases"].offers

    @property
    def agents(self) -> Mapping[str, Offer[Part]]:
        """The agents on offer, by name."""
        return self._catalogues["agents"].offers

    @property
    def orchestrators(self) -> Mapping[str, Offer[Part]]:
        """The orchestrators on offer, by name."""
        return self._catalogues["orchestrators"].offers

    def offer(
        self, part: str, name: str, component: Callable[..., Any], *, caller: Caller, version: str = ""
    ) -> Callable[[], None]:
        """Add a component to one of `PARTS`; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        made = Part(name, component, caller.plugin, version, caller)
        return self._catalogues[part].offer(name, made, plugin=caller.plugin)

    async def execute_workflow(
        self,
        task: str,
        provider: str | None = None,
        *,
        workflow: str | None = None,
        context: Mapping[str, Any] | None = None,
        executor: str | None = None,
        scheduler: str | None = None,
        show: Callable[[Event], object] | None = None,
        step: Stepper | None = None,
    ) -> dict[str, Any]:
        """Run a workflow to its end, recorded from its first step on.

        Args:
            task: what it is about.
            provider: who answers what its agents ask a model; None leaves it to the settings.
            workflow: one of the settings, LocalAgent's own ``answer``, or an orchestrator; None leaves it to the
                settings.
            context: JSON values that its agents get.
            executor: ``asyncio`` or ``dask``; None leaves it to the settings.
            scheduler: address of the cluster to use.
            show: told of each event at once; None where nobody looks on.
            step: awaited with each phase before it begins, where False ends the run, and with what it gave when it is
                over; None stops nowhere.

        Returns:
            ``success``, ``run_id``, ``workflow``, ``phases`` with how each ended, and ``result``: what the last phase
            gave. Where it did not succeed, ``error`` says why.

        Raises:
            UnknownWorkflowName: there is no such workflow, executor, or part of the workflow.
            ConfigError: the settings of workflows do not hold.
            UsageError: the context is no JSON.
            SystemProblem: the run cannot be recorded, or what its agents run on cannot be reached.
            RunInterrupted: `step` said that it ends here.
        """
        from localagent.workflows.driving import Driver
        from localagent.workflows.executor import executor_named

        if executor is not None:
            executor_named(executor)
        services, given = self._services(), _checked(context or {})
        driver = Driver(services, self._kept_runs(services), self.part, show, step)
        chosen = await self._chosen(workflow, services, provider)
        await self._require_parts(chosen)
        return await driver.begin(chosen, task, given, provider=provider, executor=executor, scheduler=scheduler)

    async def resume(
        self,
        run: str,
        *,
        may_repeat: Callable[[tuple[str, ...]], bool] | None = None,
        executor: str | None = None,
        scheduler: str | None = None,
        show: Callable[[Event], object] | None = None,
        step: Stepper | None = None,
    ) -> dict[str, Any]:
        """Go on with a run after its last finished phase; of one that is over the result.

        Args:
            run: its id, which may be cut short.
            may_repeat: asked whether steps that must not be repeated, and whose end nobody knows, may run again;
                None refuses.
            executor: as `execute_workflow`; None goes on where the run was.
            scheduler: as `execute_workflow`.
            show: as `execute_workflow`.
            step: as `execute_workflow`.

        Raises:
            RunNotFound: there is no such run.
            RunBusy: another process drives it.
            RefusedError: a step must not be repeated.
        """
        from localagent.workflows.definition import Workflow
        from localagent.workflows.driving import Driver, doubtful_steps

        services = self._services()
        with self.recorded() as runs:
            record = runs.find(run)
            if record.state == "completed" and record.result is not None:
                return record.result
            workflow = Workflow.from_json(record.definition)
            doubtful = doubtful_steps(runs, record)
        if doubtful and (may_repeat is None or not may_repeat(doubtful)):
            raise RefusedError(
                f"the run '{record.id}' began what must not be repeated, and how it ended is not known: "
                f"{', '.join(doubtful)}",
                fix=f"localagent workflow resume {record.id} --repeat",
            )
        await self._load(_names_of(workflow))
        await self._require_parts(workflow)
        driver = Driver(services, self._kept_runs(services), self.part, show, step)
        return await driver.go_on(record, workflow, executor=executor, scheduler=scheduler)

    async def workflows(self) -> dict[str, Workflow | ConfigError]:
        """All workflows by name, or why one cannot be meant as it is written; plugins of orchestrators are loaded.

        Raises:
            ConfigError: the settings of workflows do not hold.
        """
        from localagent.workflows.built_in import NAME, built_in
        from localagent.workflows.configuration import WorkflowSettings
        from localagent.workflows.definition import Workflow

        await self._load(None)
        settings = WorkflowSettings(self._services().settings)
        found: dict[str, Workflow | ConfigError] = {NAME: built_in(settings.defaults().agents)}
        found |= {name: Workflow(name, orchestrator=name) for name in self.orchestrators}
        for name in settings.names():
            try:
                found[name] = settings.workflow(name)
            except ConfigError as error:
                found[name] = error
        return found

    @contextlib.contextmanager
    def recorded(self) -> Generator[Runs]:
        """The recorded runs, within."""
        from localagent.workflows.runs import Runs

        services = self._services()
        runs = Runs(services.runs_file, tell=services.warn)
        try:
            yield runs
        finally:
            runs.close()

    def _kept_runs(self, services: Services) -> Runs:
        """The recorded runs, whose file is open until `close`: opening it takes as long as a hundred agents."""
        from localagent.workflows.runs import Runs

        if self._runs is None:
            self._runs = Runs(services.runs_file, tell=services.warn)
        return self._runs

    def part(self, sort: str, name: str) -> Part:
        """A part that is on offer.

        Raises:
            UnknownWorkflowName: nobody offers it.
        """
        offer = self._catalogues[sort].find(name)
        if offer is None:
            raise self._unknown(sort.removesuffix("s"), name, self._catalogues[sort].offers, {})
        return offer.thing

    async def _chosen(self, name: str | None, services: Services, provider: str | None) -> Workflow:
        """The workflow of a name, with the plugins loaded that it needs.

        Raises:
            UnknownWorkflowName: there is none.
        """
        from localagent.workflows.built_in import NAME, built_in
        from localagent.workflows.configuration import WorkflowSettings
        from localagent.workflows.definition import Workflow

        settings = WorkflowSettings(services.settings, self._read)
        defaults = settings.defaults()
        name = name or defaults.default or NAME
        if provider is not None or name == NAME:
            services.chain(provider)
        if name in settings.names():
            workflow = settings.workflow(name)
            await self._load(_names_of(workflow))
            return workflow
        if name == NAME:
            workflow = built_in(defaults.agents)
            await self._load(_names_of(workflow))
            return workflow
        problems = await self._load({name})
        if name not in self.orchestrators:
            await self._load(None)
            known = (*settings.names(), NAME, *self.orchestrators)
            raise self._unknown("workflow", name, known, problems)
        return Workflow(name, orchestrator=name)

    async def _load(self, names: Collection[str] | None) -> Mapping[str, str]:
        """Load the plugins of parts that nobody offered yet; gives why some could not be loaded."""
        offered = {name for catalogue in self._catalogues.values() for name in catalogue.offers}
        if self._source is None or (names is not None and offered.issuperset(names)):
            return {}
        return await self._source.load(names)

    async def _require_parts(self, workflow: Workflow) -> None:
        """See that every part that a workflow names is there.

        Raises:
            UnknownWorkflowName: one is not.
        """
        wanted = {
            "phases": workflow.components(),
            "agents": workflow.agents(),
            "orchestrators": {workflow.orchestrator} - {""},
        }
        for sort, names in wanted.items():
            for name in sorted(names):
                if name not in self._catalogues[sort].offers:
                    # All are asked, so that who is there can be named.
                    problems = await self._load(None)
                    raise self._unknown(sort.removesuffix("s"), name, self._catalogues[sort].offers, problems)

    def _unknown(
        self, what: str, name: str, known: Collection[str], problems: Mapping[str, str]
    ) -> UnknownWorkflowName:
        why = "".join(f"; the plugin '{plugin}' could not be loaded: {reason}" for plugin, reason in problems.items())
        fix = did_you_mean(name, known) or (
            f"there are {', '.join(known)}" if known else "enable a plugin that offers it"
        )
        return UnknownWorkflowName(f"there is no {what} '{name}'{why}", fix=fix)


def _names_of(workflow: Workflow) -> frozenset[str]:
    return workflow.agents() | workflow.components() | (frozenset({workflow.orchestrator}) - {""})


def _checked(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context as JSON gives it back, so that a resumed run gets the same.

    Raises:
        UsageError: it is no JSON.
    """
    try:
        found: dict[str, Any] = json.loads(json.dumps(dict(context), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the context of a workflow is JSON values: {error}") from error
    return found
