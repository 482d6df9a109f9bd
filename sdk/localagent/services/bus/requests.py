"""Questions that wait for their answers, each to its deadline and no longer."""

from __future__ import annotations

import asyncio
import math
import traceback
from typing import TYPE_CHECKING, Any

from localagent.errors import MessageError, PluginReloaded, PluginTimeout, RemoteError, RequestCancelled, RequestTimeout
from localagent.services.bus.failures import HANDLER_FAILURES, cause_of, text_of
from localagent.services.bus.flight import is_awaitable, let_go, start
from localagent.services.bus.frozen import thawed
from localagent.services.bus.travel import under_way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.flight import Office
    from localagent.services.bus.hearers import Hearer
    from localagent.services.bus.travel import Journey


class _Question:
    """A request under way.

    Attributes:
        answer: what its sender waits for.
        recipient: who is asked.
        due: moment of the loop's clock at which its sender waits no more.
        seconds: how long that is in all.
    """

    __slots__ = ("answer", "due", "recipient", "seconds")

    def __init__(self, answer: asyncio.Future[Any], recipient: str, due: float, seconds: float) -> None:
        self.answer = answer
        self.recipient = recipient
        self.due = due
        self.seconds = seconds


class Requests:
    """The requests of one event loop.

    One timer serves all: it is set for the earliest deadline and looks again when that is over. A timer for each would
    cost as much as the rest of a request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, office: Office) -> None:
        self._loop = loop
        self._office = office
        self._questions: dict[str, _Question] = {}
        self._looks_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._going_on: set[asyncio.Task[Any]] = set()

    @property
    def pending(self) -> Mapping[str, asyncio.Future[Any]]:
        """What is waited for by correlation id, as a copy."""
        return {number: question.answer for number, question in self._questions.items()}

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who is asked, once for each request."""
        return tuple(question.recipient for question in self._questions.values())

    async def ask(self, responder: Hearer, message: PluginMessage, journey: Journey, seconds: float) -> Any:
        """Hand a question to its responder and wait for the answer until the message's deadline.

        Raises:
            MessageError: as `PluginMessageBus.request`.
        """
        number, due = message.id, message.deadline or 0.0
        answer = self._loop.create_future()
        self._questions[number] = _Question(answer, responder.owner, due, seconds)
        if due < self._looks_at:
            self._look_at(due)
        handling = None
        try:
            handling = self._begin(responder, message, journey, answer)
            return answer.result() if answer.done() else await answer
        finally:
            del self._questions[number]
            journey.is_over = True
            if not answer.done():
                answer.cancel()
            if handling is not None and not handling[0].done():
                self._leave(*handling, is_answered=not answer.cancelled() and answer.exception() is None)
            elif not answer.cancelled():
                # Looked at, so that asyncio does not complain where the asker was cancelled in the same moment.
                answer.exception()

    def settle(self, number: str, value: Any) -> bool:
        """Answer a question; False if nobody waits for it any more."""
        question = self._questions.get(number)
        if question is None or question.answer.done():
            return False
        question.answer.set_result(thawed(value))
        return True

    def fail(self, error: MessageError, *, of: str | None = None) -> int:
        """Let whoever asks the plugin `of` (None: any) hear an error at once; gives how many that are."""
        asked = [each for each in self._questions.values() if of is None or each.recipient == of]
        waiting = [question for question in asked if not question.answer.done()]
        for question in waiting:
            question.answer.set_exception(error)
        return len(waiting)

    def stop(self) -> None:
        """Let go of handlers that went on after their answer, and of the timer."""
        for task in self._going_on:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _begin(
        self, responder: Hearer, message: PluginMessage, journey: Journey, answer: asyncio.Future[Any]
    ) -> tuple[asyncio.Task[Any], Any] | None:
        """Call the handler; if it is to be awaited, the task that does."""
        token = under_way.set(journey)
        try:
            result: Any = responder.receive(message)
            if not is_awaitable(result):
                self._take(responder, result, answer)
                return None
            task = start(self._loop, self._handle(responder, message, result, answer), responder.step)
        except HANDLER_FAILURES as error:
            self._refuse(responder, message, error, answer)
            return None
        finally:
            under_way.reset(token)
        return task, result

    def _leave(self, task: asyncio.Task[Any], awaitable: Any, *, is_answered: bool) -> None:
        """Let a handler go on that answered already; let go of one that nobody waits for."""
        if is_answered:
            # asyncio itself keeps tasks but weakly.
            self._going_on.add(task)
            task.add_done_callback(self._going_on.discard)
        else:
            let_go(task, awaitable)

    async def _handle(
        self, responder: Hearer, message: PluginMessage, awaitable: Any, answer: asyncio.Future[Any]
    ) -> None:
        began = self._loop.time()
        try:
            result = await awaitable
        except HANDLER_FAILURES as error:
            self._refuse(responder, message, error, answer)
        else:
            self._take(responder, result, answer)
        responder.tallies.took(self._loop.time() - began, responder.step)

    def _take(self, responder: Hearer, result: Any, answer: asyncio.Future[Any]) -> None:
        """Note that a handler ended well; None is no answer, one may come yet."""
        responder.tallies.delivered += 1
        if responder.in_a_row:
            responder.recover()
        if result is not None and not answer.done():
            answer.set_result(thawed(result))

    def _refuse(
        self, responder: Hearer, message: PluginMessage, error: BaseException, answer: asyncio.Future[Any]
    ) -> None:
        """Note that a handler failed, unless nobody waited for it any more and it only was told so."""
        is_cancelled = isinstance(cause_of(error), asyncio.CancelledError)
        if answer.cancelled() or (answer.done() and is_cancelled):
            responder.tallies.timed_out += 1
            return
        responder.tallies.failed += 1
        if not answer.done():
            answer.set_exception(_told(error, responder.owner))
        if not is_cancelled:
            self._office.note(responder, responder.step, error)

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = moment
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        """End the requests whose time is over."""
        now = self._looks_at
        for question in self._questions.values():
            if question.due <= now and not question.answer.done():
                question.answer.set_exception(
                    RequestTimeout(
                        f"'{question.recipient}' did not answer within {question.seconds:.3g} s",
                        plugin=question.recipient,
                    )
                )
        self._looks_at, self._timer = math.inf, None
        waiting = [question.due for question in self._questions.values() if not question.answer.done()]
        if waiting:
            self._look_at(min(waiting))


def gone(plugin: str) -> PluginReloaded:
    """What those hear who asked a plugin that goes."""
    return PluginReloaded(f"'{plugin}' was unloaded or reloaded before it answered", plugin=plugin)


def _told(error: BaseException, recipient: str) -> MessageError:
    """A handler's failure as the one who asks hears it."""
    cause = cause_of(error)
    if isinstance(error, PluginTimeout):
        return RequestTimeout(error.message, plugin=recipient)
    if isinstance(cause, asyncio.CancelledError):
        return RequestCancelled(f"the handler of '{recipient}' gave up before it answered", plugin=recipient)
    lines = "".join(traceback.format_exception(cause)) if cause.__traceback__ is not None else ""
    return RemoteError(text_of(error), plugin=recipient, error_type=type(cause).__name__, traceback=lines)
