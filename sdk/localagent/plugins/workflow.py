"""What workflow plugins give and get: agents, phases, orchestrators, their context and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from localagent.plugins.provider import CompletionRequest, CompletionResponse

Evidence = dict[str, Any]
"""One thing that an agent saw, as JSON values; ``file``, ``line`` and ``text`` are shown as a place."""


class AgentResult(TypedDict, total=False):
    """What an agent gives, as JSON values; other keys are kept too.

    ``success`` decides; without it an agent that raised nothing succeeded. ``evidence`` is shown by ``workflow show``.
    """

    agent: str
    task: str
    result: Any
    evidence: list[Evidence]
    success: bool
    error: str


class PhaseResult(TypedDict, total=False):
    """What a phase gives; that of a phase which the engine ran has all of these.

    ``results`` has one result for each agent, in the order in which the phase named them.
    """

    phase: str
    results: list[dict[str, Any]]
    success: bool


class Cancelled(Protocol):
    """Tells an agent whether its run was given up; cheap enough for every turn of a loop."""

    def __call__(self) -> bool:
        """Whether to stop."""
        ...


class Complete(Protocol):
    """Asks the provider of the run."""

    def __call__(self, request: str | CompletionRequest, /) -> Awaitable[CompletionResponse]:
        """The whole answer to a prompt or a request.

        Raises:
            ProviderError: there is none.
        """
        ...


class AgentContext(TypedDict, total=False):
    """What the host puts into the context of an agent, beside what the user and the phase put there.

    Attributes:
        task: what the run is about.
        run_id: the run.
        phase: the id of the phase.
        attempt: 1 for the first try, counted on with each that follows one which failed.
        idempotency_key: the same for everything that is one attempt. An attempt may run more than once, when a worker
            is lost before it could tell; what must happen once only is to be done under this key.
        results: what the phases that this one depends on gave, by their ids.
        cancelled: whether the run was given up.
        complete: asks the provider of the run.
    """

    task: str
    run_id: str
    phase: str
    attempt: int
    idempotency_key: str
    results: dict[str, dict[str, Any]]
    cancelled: Cancelled
    complete: Complete


class Agent(Protocol):
    """Does one task. Its class is called with the agent's settings, a plain dict."""

    async def execute(self, task: str, context: dict[str, Any], /) -> Mapping[str, Any]:
        """Do it; the result is kept as JSON. `context` has what `AgentContext` says, and more."""
        ...


class AgentPlan(TypedDict, total=False):
    """One agent of a phase. ``agent`` is required, all else has a default.

    Attributes:
        agent: the name under which a plugin offers it.
        key: tells it apart from the others of the phase; by default its name, numbered where that is not enough.
        config: its settings.
        task: what it is to do; by default the task of the run.
        context: added to what its context has, as JSON values.
        deadline: seconds that each attempt may take.
        retries: how often it is tried again after a failure.
        repeatable: False if it must not run again after an end that nobody knows without the user's word.
    """

    agent: str
    key: str
    config: dict[str, Any]
    task: str
    context: dict[str, Any]
    deadline: float | None
    retries: int
    repeatable: bool


class Phase(Protocol):
    """A step that does its work itself. Its class is called with its id and its settings, a plain dict."""

    async def execute(self, context: dict[str, Any], /) -> Mapping[str, Any]:
        """Do all of it; to the engine it is one unit."""
        ...


class PlannedPhase(Protocol):
    """A step whose agents the engine runs. Its class is called with its id and its settings, a plain dict."""

    def agents(self, context: dict[str, Any], /) -> Sequence[str | AgentPlan] | Awaitable[Sequence[str | AgentPlan]]:
        """Which agents to run; a name alone is one with all defaults. May be asked again when a run is resumed."""
        ...


class RunPhase(Protocol):
    """Lets the engine run agents for an orchestrator."""

    def __call__(
        self,
        phase_id: str,
        agents: Sequence[str | AgentPlan],
        /,
        *,
        failure: Literal["stop", "continue"] | Mapping[str, int] = "stop",
    ) -> Awaitable[dict[str, Any]]:
        """The `PhaseResult`; one that an earlier attempt at this run finished is given without running it again."""
        ...


class Orchestrator(Protocol):
    """Does a whole workflow. Its class is called with its settings, a plain dict."""

    async def execute(self, task: str, context: dict[str, Any], /) -> Mapping[str, Any]:
        """Do the task; ``context["run_phase"]`` is a `RunPhase`."""
        ...
