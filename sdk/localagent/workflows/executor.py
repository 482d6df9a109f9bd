"""Where agents run: what an executor is given and gives back, and which there are."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from localagent.errors import UnknownWorkflowName
from localagent.manifest.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from localagent.plugins.workflow import Cancelled
    from localagent.workflows.attempt import Control, Part

Status = Literal["succeeded", "failed", "timed_out", "cancelled", "lost", "refused"]
"""How an attempt ended. ``lost``: nobody knows, its worker is gone; ``refused``: it was not begun and never will be."""

EXECUTORS = {
    "asyncio": "localagent.workflows.asyncio_executor:AsyncioExecutor",
    "dask": "localagent.workflows.dask_executor:DaskExecutor",
}
"""``module:class`` by name; a class is called with `ExecutorNeeds`."""


KEY = "%s:%s:%s:%d"
"""Of an attempt: run, phase, agent's key, and the attempt's number."""


class AgentCall(NamedTuple):
    """One attempt of one agent: text and JSON values only, so that it can travel.

    Attributes:
        run: the run's id.
        phase: the phase's id.
        agent: the name under which `plugin` offers the agent.
        agent_key: tells the agent apart from the others of the phase.
        plugin: who offers the agent; empty for LocalAgent itself.
        version: of the plugin; an executor whose installation has another one refuses.
        config: what the agent's class is called with.
        task: what it is to do.
        context: the part of its context that can travel.
        attempt: 1 for the first try.
        deadline: seconds it may take, None for as long as it likes.
        provider: who is to answer what it asks a model; None leaves it to the settings.
    """

    run: str
    phase: str
    agent: str
    agent_key: str
    plugin: str
    version: str
    config: dict[str, Any]
    task: str
    context: dict[str, Any]
    attempt: int
    deadline: float | None
    provider: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key: ``run:phase:agent:attempt``."""
        return KEY % (self.run, self.phase, self.agent_key, self.attempt)


class AgentError(NamedTuple):
    """Why an attempt did not succeed.

    Attributes:
        kind: name of the exception's class.
        message: one sentence.
        place: ``file:line`` in the plugin, as far as known.
        trace: Python's own account; kept where development mode asks for it.
    """

    kind: str
    message: str
    place: str = ""
    trace: str = ""


class AgentOutcome(NamedTuple):
    """How one attempt ended; as JSON values, `to_json` and `from_json`, it travels back.

    Attributes:
        status: how.
        result_json: what the agent gave, as JSON: a mapping, empty if it gave nothing.
        error: why not, where it did not succeed.
        seconds: what it took.
        worker: where it ran; empty for this process.
    """

    status: Status
    result_json: str = "{}"
    error: AgentError | None = None
    seconds: float = 0.0
    worker: str = ""

    @property
    def result(self) -> dict[str, Any]:
        """What the agent gave, read anew."""
        found: dict[str, Any] = json.loads(self.result_json)
        return found

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON values."""
        return {**self._asdict(), "error": None if self.error is None else self.error._asdict()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> AgentOutcome:
        """The outcome that `to_json` told of."""
        error: dict[str, str] | None = data["error"]
        told: dict[str, Any] = {**data, "error": None if error is None else AgentError(**error)}
        return cls(**told)


class Lane(Protocol):
    """Runs attempts one after the other in one task, which is there for nothing else."""

    def __call__(self, call: AgentCall, part: Part, /) -> AgentOutcome | Awaitable[AgentOutcome]:
        """Run one attempt; whatever the agent does is an outcome, at once if it never waits, never an exception.

        Args:
            call: the attempt.
            part: the agent as this process has it; where agents run elsewhere, their own installation counts.
        """
        ...


async def come(outcome: AgentOutcome | Awaitable[AgentOutcome]) -> AgentOutcome:
    """An outcome that may be there at once."""
    return outcome if isinstance(outcome, AgentOutcome) else await outcome


class Executor(Protocol):
    """Runs single attempts; retries, limits and what a failure means are the engine's."""

    @property
    def name(self) -> str:
        """Its name in `EXECUTORS`."""
        ...

    async def open(self) -> None:
        """Get ready.

        Raises:
            SystemProblem: what it runs on cannot be reached.
        """
        ...

    def lane(self) -> Lane:
        """A way to run attempts, for the present task alone."""
        ...

    async def cancel(self, run: str) -> tuple[str, ...]:
        """Give up all attempts of a run that are under way, as far as they let themselves be stopped.

        Returns:
            the keys of those that go on nevertheless.
        """
        ...

    async def close(self) -> None:
        """Let go of everything, also of what an `open` began that failed; attempts that still run are given up."""
        ...


class RunAgent(Protocol):
    """Runs an attempt in this process."""

    def __call__(
        self, call: AgentCall, part: Part, /, *, cancelled: Cancelled, control: Control
    ) -> AgentOutcome | Awaitable[AgentOutcome]:
        """The outcome of the attempt, at once if the agent never waits; by `control` it is ended from outside."""
        ...


class Installation(Protocol):
    """The plugins of a worker process."""

    @property
    def grace(self) -> float:
        """Seconds that an agent which was cancelled gets to let go."""
        ...

    async def prepare(self, call: AgentCall) -> AgentError | None:
        """Load the plugin of an attempt, on the loop that plugins live on; gives why it cannot be run here."""
        ...

    async def run_agent(self, call: AgentCall, cancelled: Cancelled) -> AgentOutcome:
        """Run an attempt that was prepared, on whatever loop."""
        ...

    def too_late(self, call: AgentCall, lines: tuple[tuple[str, int], ...]) -> AgentError:
        """What to tell of an attempt that is past its limit and runs at `lines`, the innermost first."""
        ...

    async def close(self) -> None:
        """Let the plugins go."""
        ...


class OpenInstallation(Protocol):
    """Opens the plugins of a worker process; found there by its name, so it stands at the top of a module."""

    def __call__(self, installation: str, /) -> Coroutine[Any, Any, Installation]:
        """Open them on the loop that they are to live on, as `installation` says; empty leaves it to the worker."""
        ...


class ExecutorNeeds(NamedTuple):
    """What executors are made of; each takes what it can use.

    Attributes:
        run_agent: runs an attempt in this process.
        open_installation: opens the plugins in a worker process.
        installation: what worker processes of this machine are to open.
        scheduler: address of the cluster to use; None lets an executor that needs one start its own.
        workers: processes of such a cluster; None leaves it to the executor.
    """

    run_agent: RunAgent
    open_installation: OpenInstallation
    installation: str
    scheduler: str | None = None
    workers: int | None = None


def executor_named(name: str) -> Callable[[ExecutorNeeds], Executor]:
    """The executor class of a name, imported now.

    Raises:
        UnknownWorkflowName: there is none.
    """
    if name not in EXECUTORS:
        fix = did_you_mean(name, EXECUTORS) or f"there are {', '.join(EXECUTORS)}"
        raise UnknownWorkflowName(f"there is no executor '{name}'", fix=fix)
    module, _, attribute = EXECUTORS[name].partition(":")
    found: Callable[[ExecutorNeeds], Executor] = getattr(import_module(module), attribute)
    return found
