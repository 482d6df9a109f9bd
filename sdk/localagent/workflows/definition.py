"""What a workflow is: phases with their agents, or an orchestrator; read from settings, and kept with each run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.wording import called, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import TypeGuard

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PLAIN: dict[str, Any] = {"task": None, "deadline": None, "retries": 0, "repeatable": True}
"""What is not kept of agents that say nothing else."""
STOP, CONTINUE, NEED = "stop", "continue", "need"


class Misfit(ValueError):
    """A definition says something that cannot be meant.

    Attributes:
        path: keys and positions that lead to it, from the definition on.
        fix: the way out; may be empty.
        cycle: ids of phases that wait for each other; empty where that is not what is wrong.
    """

    def __init__(
        self, message: str, path: tuple[str | int, ...] = (), *, fix: str = "", cycle: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.path = path
        self.fix = fix
        self.cycle = cycle


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What the failures of agents mean for their phase.

    Attributes:
        kind: ``stop``: all must succeed, and where one does not nothing more is begun; ``continue``: the phases after
            it run nevertheless; ``need``: so many of them are enough.
        need: how many.
    """

    kind: str = STOP
    need: int = 0

    def is_met(self, succeeded: int, total: int) -> bool:
        """Whether a phase succeeded."""
        return succeeded >= self.need if self.kind == NEED else succeeded == total

    def __str__(self) -> str:
        return f"need {self.need}" if self.kind == NEED else self.kind


class Agent(NamedTuple):
    """One agent of a phase; as `localagent.plugins.workflow.AgentPlan`, with its defaults filled in."""

    agent: str
    key: str
    config: dict[str, Any]
    task: str | None
    context: dict[str, Any]
    deadline: float | None
    retries: int
    repeatable: bool

    def to_json(self) -> dict[str, Any]:
        """The agent as JSON values, without what is as by default."""
        told: dict[str, Any] = {"agent": self.agent, "key": self.key}
        if self.config:
            told["config"] = self.config
        if self.task is not None:
            told["task"] = self.task
        if self.context:
            told["context"] = self.context
        if self.deadline is not None:
            told["deadline"] = self.deadline
        if self.retries:
            told["retries"] = self.retries
        if not self.repeatable:
            told["repeatable"] = False
        return told


class Defaults(NamedTuple):
    """What agents have that say nothing else.

    Attributes:
        deadline: seconds that each attempt may take, None for as long as it likes.
        retries: how often an agent is tried again.
        repeatable: whether it may run again after an end that nobody knows.
    """

    deadline: float | None = None
    retries: int = 0
    repeatable: bool = True


UNSAID = Defaults()


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a workflow.

    Attributes:
        id: tells it apart from the others.
        depends_on: ids of the phases that must be over before.
        failure: what failures of its agents mean.
        component: the phase that a plugin offers; empty where `agents` are given.
        agents: its agents; empty where a component says which, or does all itself.
        config: what the component's class is called with.
        limit: how many of its agents run at a time; None leaves it to the settings.
        defaults: of its agents; the deadline is that of a component too.
    """

    id: str
    depends_on: tuple[str, ...] = ()
    failure: FailurePolicy = FailurePolicy()
    component: str = ""
    agents: tuple[Agent, ...] = ()
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    limit: int | None = None
    defaults: Defaults = UNSAID

    def to_json(self) -> dict[str, Any]:
        """The phase as JSON values."""
        return {
            "id": self.id,
            "depends_on": self.depends_on,
            "failure": {"kind": self.failure.kind, "need": self.failure.need},
            "component": self.component,
            "agents": agents_to_json(self.agents, self.defaults),
            "config": self.config,
            "limit": self.limit,
            "defaults": self.defaults,
        }


@dataclass(frozen=True)
class Workflow:
    """A workflow.

    Attributes:
        name: what it is called.
        phases: its steps, each after those that it depends on.
        orchestrator: who does all of it instead; empty where there are phases.
        config: what the orchestrator's class is called with.
        description: one line.
    """

    name: str
    phases: tuple[Phase, ...] = ()
    orchestrator: str = ""
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    description: str = ""

    @cached_property
    def told(self) -> dict[str, Any]:
        """The workflow as JSON values, as runs keep it; the same each time, so it is not changed."""
        return {
            "name": self.name,
            "phases": [phase.to_json() for phase in self.phases],
            "orchestrator": self.orchestrator,
            "config": self.config,
            "description": self.description,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Workflow:
        """The workflow that `told` told of."""
        told: dict[str, Any] = {**data, "phases": tuple(_phase_from(each) for each in data["phases"])}
        return cls(**told)

    def agents(self) -> frozenset[str]:
        """The names of all agents that it names itself."""
        return frozenset(agent.agent for phase in self.phases for agent in phase.agents)

    def components(self) -> frozenset[str]:
        """The names of all phases of plugins that it names."""
        return frozenset(phase.component for phase in self.phases if phase.component)


def agents_to_json(agents: Iterable[Agent], defaults: Defaults = UNSAID) -> list[str | dict[str, Any]]:
    """Agents as they are kept: those of which the name alone would say as much, beside `defaults`, are that name."""
    told: list[str | dict[str, Any]] = []
    keys: set[str] = set()
    unsaid: tuple[Any, ...] = ({}, None, {}, *defaults)
    for agent in agents:
        is_plain = agent[2:] == unsaid and agent.key == _free_key(agent.agent, keys)
        told.append(agent.agent if is_plain else agent.to_json())
        keys.add(agent.key)
    return told


def agents_from_json(data: Iterable[str | Mapping[str, Any]], defaults: Defaults = UNSAID) -> tuple[Agent, ...]:
    """Agents that were kept as JSON values, beside the same `defaults`."""
    found: dict[str, Agent] = {}
    for each in data:
        agent = _named(each, found, defaults) if isinstance(each, str) else _agent_from(each)
        found[agent.key] = agent
    return tuple(found.values())


def read_workflow(name: str, data: Any, defaults: Defaults) -> Workflow:
    """A workflow as a user writes it.

    Args:
        name: what it is called.
        data: ``{"phases": […]}`` or ``{"orchestrator": NAME}``.
        defaults: of its agents.

    Raises:
        Misfit: something in it cannot be meant.
    """
    table = _Table(data, ("phases", "orchestrator", "config", "description"))
    description = table.text("description") or ""
    orchestrator = table.text("orchestrator") or ""
    if orchestrator and "phases" in table.data:
        raise Misfit("has both 'phases' and an 'orchestrator'", fix="leave one of them out")
    if orchestrator:
        return Workflow(name, (), orchestrator, table.mapping("config"), description)
    listed = table.data.get("phases")
    if not is_list(listed) or not listed:
        raise Misfit("must be a list with at least one phase", ("phases",))
    phases: list[Phase] = []
    for number, each in enumerate(listed):
        phases.append(_phase(each, defaults, phases[-1].id if phases else "", ("phases", number)))
    return Workflow(name, _in_order(phases), "", {}, description)


def read_agents(data: Any, defaults: Defaults, path: tuple[str | int, ...] = ()) -> tuple[Agent, ...]:
    """Agents as a user or a phase names them: names, or mappings with the keys of `AgentPlan`.

    Raises:
        Misfit: something in it cannot be meant, or there are none.
    """
    if not is_list(data) and not _is_tuple(data):
        raise Misfit(f"must be a list of agents, not {called(data)}", path)
    if not data:
        raise Misfit("has no agents", path, fix="name at least one agent")
    found: dict[str, Agent] = {}
    for number, each in enumerate(data):
        if isinstance(each, str):
            agent = _named(each, found, defaults)
        else:
            agent = _agent(each, defaults, (*path, number), found)
        found[agent.key] = agent
    return tuple(found.values())


def read_policy(data: Any, path: tuple[str | int, ...] = ()) -> FailurePolicy:
    """``stop``, ``continue``, or ``{"need": k}``.

    Raises:
        Misfit: it is none of these.
    """
    if data in (STOP, CONTINUE):
        return FailurePolicy(data)
    if is_mapping(data) and set(data) == {NEED} and _is_number(data[NEED], int) and data[NEED] > 0:
        return FailurePolicy(NEED, data[NEED])
    raise Misfit(f"must be stop, continue or {{need: NUMBER}}, not {data!r}", path)


def _phase(data: Any, defaults: Defaults, before: str, path: tuple[str | int, ...]) -> Phase:
    keys = ("id", "depends_on", "failure", "phase", "agents", "config", "limit", "deadline", "retries", "repeatable")
    table = _Table(data, keys, path)
    phase_id = table.text("id")
    if not phase_id or not _ID.fullmatch(phase_id):
        raise Misfit(f"must be a word, not {phase_id!r}", (*path, "id"))
    own = table.defaults(defaults)
    has_agents = "agents" in table.data
    if has_agents and "phase" in table.data:
        raise Misfit("has both 'agents' and a 'phase'", path, fix="leave one of them out")
    need = table.data.get("failure", STOP)
    return Phase(
        phase_id,
        table.names("depends_on") if "depends_on" in table.data else ((before,) if before else ()),
        read_policy(need, (*path, "failure")),
        "" if has_agents else table.text("phase") or phase_id,
        read_agents(table.data["agents"], own, (*path, "agents")) if has_agents else (),
        table.mapping("config"),
        table.number("limit", int, least=1),
        own,
    )


def _agent(data: Any, defaults: Defaults, path: tuple[str | int, ...], others: Mapping[str, Agent]) -> Agent:
    table = _Table(data, Agent._fields, path)
    name = table.text("agent")
    if not name:
        raise Misfit("must be the name of an agent", (*path, "agent"))
    key = table.text("key") or _free_key(name, others)
    if key in others:
        raise Misfit(f"is the key of two agents: {key!r}", (*path, "key"))
    config, context = table.mapping("config"), table.mapping("context")
    return Agent(name, key, config, table.text("task"), context, *table.defaults(defaults))


def _named(name: str, others: Collection[str], defaults: Defaults) -> Agent:
    """An agent of which nothing but its name is said."""
    return Agent(name, _free_key(name, others), {}, None, {}, *defaults)


def _free_key(name: str, others: Collection[str]) -> str:
    if name not in others:
        return name
    number = len(others) + 1
    while f"{name}-{number}" in others:
        number += 1
    return f"{name}-{number}"


def _in_order(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases, each after those that it depends on, else as they are written.

    Raises:
        Misfit: two have one id, one depends on what is no phase, or some wait for each other.
    """
    from graphlib import CycleError, TopologicalSorter

    by_id: dict[str, Phase] = {}
    for number, phase in enumerate(phases):
        if phase.id in by_id:
            raise Misfit(f"is the id of two phases: '{phase.id}'", ("phases", number, "id"))
        by_id[phase.id] = phase
    for number, phase in enumerate(phases):
        unknown = next((each for each in phase.depends_on if each not in by_id), None)
        if unknown is not None:
            fix = did_you_mean(unknown, by_id) or f"there are {', '.join(by_id)}"
            message = f"names '{unknown}', which is no phase of this workflow"
            raise Misfit(message, ("phases", number, "depends_on"), fix=fix)
    try:
        order = tuple(TopologicalSorter({phase.id: phase.depends_on for phase in phases}).static_order())
    except CycleError as error:
        # graphlib tells them from what is waited for to who waits.
        cycle = tuple(reversed(error.args[1]))
        raise Misfit(f"wait for each other: {' -> '.join(cycle)}", ("phases",), cycle=cycle) from None
    return tuple(by_id[each] for each in order)


def _agent_from(data: Mapping[str, Any]) -> Agent:
    told: dict[str, Any] = {**_PLAIN, "config": {}, "context": {}, **data}
    return Agent(**told)


def _phase_from(data: Mapping[str, Any]) -> Phase:
    told: dict[str, Any] = {
        **data,
        "depends_on": tuple(data["depends_on"]),
        "failure": FailurePolicy(**data["failure"]),
        "agents": agents_from_json(data["agents"], Defaults(*data["defaults"])),
        "defaults": Defaults(*data["defaults"]),
    }
    return Phase(**told)


class _Table:
    """A mapping of a definition, whose values are read with their places."""

    def __init__(self, data: Any, known: Sequence[str], path: tuple[str | int, ...] = ()) -> None:
        if not is_mapping(data):
            raise Misfit(f"must be a mapping, not {called(data)}", path)
        unknown = next((key for key in data if key not in known and not str(key).startswith("x-")), None)
        if unknown is not None:
            fix = did_you_mean(str(unknown), known) or f"known are {', '.join(known)}"
            raise Misfit("means nothing here", (*path, str(unknown)), fix=fix)
        self.data: Mapping[str, Any] = data
        self._path = path

    def text(self, key: str) -> str | None:
        value = self.data.get(key)
        if value is not None and not isinstance(value, str):
            raise Misfit(f"must be text, not {called(value)}", (*self._path, key))
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.data.get(key)
        if value is None:
            return {}
        if not is_mapping(value):
            raise Misfit(f"must be a mapping, not {called(value)}", (*self._path, key))
        return dict(value)

    def names(self, key: str) -> tuple[str, ...]:
        value: Any = self.data.get(key) or ()
        listed = (value,) if isinstance(value, str) else tuple(value) if is_list(value) else None
        if value and (listed is None or not all(isinstance(each, str) for each in listed)):
            raise Misfit("must be a list of ids of phases", (*self._path, key))
        return listed or ()

    def number(self, key: str, kind: type[int | float], *, least: float = 0) -> Any:
        value = self.data.get(key)
        if value is not None and (not _is_number(value, kind) or value < least):
            what = "a whole number" if kind is int else "a number of seconds"
            raise Misfit(f"must be {what} of at least {least}, not {value!r}", (*self._path, key))
        return value

    def defaults(self, outer: Defaults) -> Defaults:
        repeatable = self.data.get("repeatable", outer.repeatable)
        if not isinstance(repeatable, bool):
            raise Misfit(f"must be true or false, not {repeatable!r}", (*self._path, "repeatable"))
        deadline = self.number("deadline", float) if "deadline" in self.data else outer.deadline
        retries = self.number("retries", int) if "retries" in self.data else outer.retries
        return Defaults(deadline or None, retries or 0, repeatable)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _is_number(value: Any, kind: type[int | float]) -> bool:
    return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
