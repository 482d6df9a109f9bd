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
from localagent.workflows.executor import KEY, AgentError, AgentOutcome
from localagent.workflows.json_text import json_text

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine

    from localagent.plugins.workflow import Cancelled, Complete
    from localagent.workflows.executor import AgentCall, Status


class _Shared(NamedTuple):
    """The context of an agent, for those after it that are `given` the same: a copy takes less than making it anew."""

    given: dict[str, Any]
    phase: str
    context: dict[str, Any]


class Control:
    """The hold on attempts that are made one after the other in one task.

    Args:
        task: the task that they run in.
        is_alone: whether the task is made for them and does nothing else that matters to plugins.

    Attributes:
        is_cancelled: whether its run was given up.
        is_left: whether it gets no more time to end; set before the task is cancelled once more.
        over: done when the present attempt is over; made by who waits for that.
        place: what a guard keeps of the task from one attempt to the next.
        shared: what the contexts of the latest attempts have in common.
    """

    __slots__ = ("is_alone", "is_cancelled", "is_left", "over", "place", "shared", "task")

    def __init__(self, task: asyncio.Task[Any], *, is_alone: bool = False) -> None:
        self.task = task
        self.is_alone = is_alone
        self.is_cancelled = False
        self.is_left = False
        self.over: asyncio.Future[None] | None = None
        self.place: Any = None
        self.shared: _Shared | None = None


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

    def attempt(
        self, step: str, work: Coroutine[Any, Any, Any], *, limit: float | None, control: Control | None
    ) -> Any:
        """Do code of the plugin in the present task, which costs far less than a task of its own.

        Args:
            step: what is being done, in one word.
            work: the code.
            limit: seconds it may take, None for as long as it likes.
            control: by it, others end the work; None where nobody will.

        Returns:
            what the code gives; `Unfinished` if it waits, whose rest is awaited at once and raises as this does.

        Raises:
            PluginFailed: it raised anything, `SystemExit` included.
            PluginTimeout: it took longer than `limit`.
        """
        ...


class Unfinished(NamedTuple):
    """Stands for the result of code that waits.

    Most agents that do little never wait, and for them the many coroutines between the engine and the agent would
    cost more than the agent; so only what waits is awaited.

    Attributes:
        rest: gives the result.
    """

    rest: Awaitable[Any]


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


def attempt(
    call: AgentCall,
    part: Part,
    *,
    cancelled: Cancelled,
    complete: Complete,
    control: Control | None = None,
    what: str = "agent",
    with_traces: bool = False,
) -> AgentOutcome | Awaitable[AgentOutcome]:
    """Construct an agent and let it do its task; whatever it does is an outcome, at once if it never waits.

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
    # Taken apart at once, here and below: by their names, fields of a named tuple take several times as long to read.
    run, phase, _, agent_key, _, _, config, task, given, number, limit, _ = call
    shared = None if control is None else control.shared
    if shared is None or shared[0] is not given or shared[1] != phase:
        shared = _Shared(given, phase, _common(call, cancelled, complete))
        if control is not None:
            control.shared = shared
    context = shared[2].copy()
    context["task"] = task
    context["attempt"] = number
    context["idempotency_key"] = KEY % (run, phase, agent_key, number)
    _, component, _, _, caller = part
    try:
        result = caller.attempt("execute", _work(component, config, task, context), limit=limit, control=control)
    except PluginFailed as failure:
        return _failed(failure, time.perf_counter() - began, with_traces=with_traces)
    if type(result) is Unfinished:
        return _rest(result.rest, part, what, began, with_traces=with_traces)
    return _judged(result, part, what, time.perf_counter() - began)


async def _rest(rest: Awaitable[Any], part: Part, what: str, began: float, *, with_traces: bool) -> AgentOutcome:
    """The outcome of an agent that waits."""
    try:
        given = await rest
    except PluginFailed as failure:
        return _failed(failure, time.perf_counter() - began, with_traces=with_traces)
    return _judged(given, part, what, time.perf_counter() - began)


def _failed(failure: PluginFailed, seconds: float, *, with_traces: bool) -> AgentOutcome:
    """The outcome that a failure means."""
    status: Status = "timed_out" if isinstance(failure, PluginTimeout) else "failed"
    return AgentOutcome(status, error=error_of(failure, with_traces=with_traces), seconds=seconds)


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


def _common(call: AgentCall, cancelled: Cancelled, complete: Complete) -> dict[str, Any]:
    """What agents get in which only few things are each one's own; nobody else can have set the host's keys."""
    own = {"task": "", "run_id": call.run, "phase": call.phase, "attempt": 0, "idempotency_key": ""}
    return {**call.context, **own, "cancelled": cancelled, "complete": complete}


async def _work(component: Callable[..., Any], config: dict[str, Any], task: str, context: dict[str, Any]) -> Any:
    """All that is the plugin's own code."""
    agent = component(copy.deepcopy(config) if config else {})
    given = agent.execute(task, context)
    # Most are coroutines, and asking whether something else can be awaited takes longer than many of them.
    kind = cast("object", type(given))
    return await given if kind is CoroutineType or inspect.isawaitable(given) else given
