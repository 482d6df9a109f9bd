"""One attempt of one agent in this process: from the call to its outcome."""

from __future__ import annotations

import copy
import inspect
import time
import traceback
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from localagent.errors import PluginFailed, PluginTimeout
from localagent.manifest.plain import is_mapping
from localagent.workflows.executor import AgentError, AgentOutcome
from localagent.workflows.json_text import json_text

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from localagent.plugins.workflow import Cancelled, Complete
    from localagent.workflows.executor import AgentCall


class Control:
    """The hold on attempts that are made one after the other in one task.

    Args:
        task: the task that they run in.

    Attributes:
        is_cancelled: whether its run was given up.
        is_left: whether it gets no more time to end; set before the task is cancelled once more.
        over: done when the present attempt is over; made by who waits for that.
        place: what a guard keeps of the task from one attempt to the next.
    """

    __slots__ = ("is_cancelled", "is_left", "over", "place", "task")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.is_cancelled = False
        self.is_left = False
        self.over: asyncio.Future[None] | None = None
        self.place: Any = None


class Caller(Protocol):
    """The way into the code of the plugin that offers a part of workflows."""

    @property
    def plugin(self) -> str:
        """Whose code it is."""
        ...

    def call(self, step: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the plugin's."""
        ...

    async def call_async(
        self, step: str, function: Callable[..., Any], *arguments: Any, limit: float | None = None
    ) -> Any:
        """Call a function of the plugin's, and await what it gives."""
        ...

    async def attempt(
        self, step: str, work: Coroutine[Any, Any, Any], *, limit: float | None, control: Control | None
    ) -> Any:
        """Await code of the plugin in the present task, which costs far less than a task of its own.

        Args:
            step: what is being done, in one word.
            work: the code.
            limit: seconds it may take, None for as long as it likes.
            control: by it, others end the work; None where nobody will.

        Raises:
            PluginFailed: it raised anything, `SystemExit` included.
            PluginTimeout: it took longer than `limit`.
        """
        ...


class Part(NamedTuple):
    """A phase, agent or orchestrator that a plugin offers.

    Attributes:
        name: what it is called.
        component: its class.
        plugin: who offers it.
        version: the plugin's.
        caller: the way into the plugin's code.
    """

    name: str
    component: Callable[..., Any]
    plugin: str
    version: str
    caller: Caller


async def attempt(
    call: AgentCall,
    part: Part,
    *,
    cancelled: Cancelled,
    complete: Complete,
    control: Control | None = None,
    what: str = "agent",
    with_traces: bool = False,
) -> AgentOutcome:
    """Construct an agent and let it do its task; whatever it does is an outcome.

    Args:
        call: the attempt.
        part: the agent.
        cancelled: tells the agent whether its run was given up.
        complete: lets it ask the provider of the run.
        control: by it, others end the attempt.
        what: the sort of the part, for messages.
        with_traces: whether errors are kept with Python's own account.

    Raises:
        asyncio.CancelledError: the present task was cancelled.
    """
    began = time.perf_counter()
    context = _context(call, cancelled, complete)
    try:
        given = await part.caller.attempt(
            "execute", _work(part.component, call, context), limit=call.deadline, control=control
        )
    except PluginTimeout as late:
        return AgentOutcome(
            "timed_out", error=error_of(late, with_traces=with_traces), seconds=time.perf_counter() - began
        )
    except PluginFailed as failure:
        return AgentOutcome(
            "failed", error=error_of(failure, with_traces=with_traces), seconds=time.perf_counter() - began
        )
    return _judged(given, part, what, time.perf_counter() - began)


def error_of(failure: PluginFailed, *, with_traces: bool) -> AgentError:
    """What is kept of a failure: the class and words of its cause, and the line of the plugin."""
    cause = failure if isinstance(failure, PluginTimeout) else failure.__cause__ or failure
    trace = "".join(traceback.format_exception(cause)) if with_traces else ""
    place = failure.place if failure.file is not None else ""
    return AgentError(type(cause).__name__, failure.message.partition(": ")[2] or failure.message, place, trace)


def _judged(given: Any, part: Part, what: str, seconds: float) -> AgentOutcome:
    """The outcome that a value of a plugin's means."""
    if not is_mapping(given):
        message = f"the {what} '{part.name}' of the plugin '{part.plugin}' gave {type(given).__name__}, expected a dict"
        return AgentOutcome("failed", error=AgentError("TypeError", message), seconds=seconds)
    try:
        text = json_text(given)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the {what} '{part.name}' of the plugin '{part.plugin}' gave what is no JSON: {error}"
        return AgentOutcome("failed", error=AgentError(type(error).__name__, message), seconds=seconds)
    if "success" in given and not given["success"]:
        reason = str(given.get("error") or "it says so, without a reason")
        return AgentOutcome("failed", text, AgentError("", reason), seconds)
    return AgentOutcome("succeeded", text, None, seconds)


def _context(call: AgentCall, cancelled: Cancelled, complete: Complete) -> dict[str, Any]:
    """What the agent gets: its own dict, whose keys of the host nobody else can have set."""
    return {
        **call.context,
        "task": call.task,
        "run_id": call.run,
        "phase": call.phase,
        "attempt": call.attempt,
        "idempotency_key": call.key,
        "cancelled": cancelled,
        "complete": complete,
    }


async def _work(component: Callable[..., Any], call: AgentCall, context: dict[str, Any]) -> Any:
    """All that is the plugin's own code."""
    agent = component(copy.deepcopy(call.config) if call.config else {})
    given = agent.execute(call.task, context)
    # Most are coroutines, and asking whether something else can be awaited takes longer than many of them.
    kind = cast("object", type(given))
    return await given if kind is CoroutineType or inspect.isawaitable(given) else given
