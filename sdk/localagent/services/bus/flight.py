"""One message on its way to its hearers."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginTimeout
from localagent.services.bus.failures import HANDLER_FAILURES, text_of
from localagent.services.bus.hearers import SKIPPED
from localagent.services.bus.travel import under_way

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.failures import Complaints
    from localagent.services.bus.hearers import Hearer
    from localagent.services.bus.travel import Journey

    OnPause = Callable[[str, str, str], object]

SLOW = 0.001
"""Seconds from which on it is worth while to know whose handler takes them."""
EAGER = sys.version_info >= (3, 12)
"""Whether tasks begin at once, so that a handler that does not wait costs no turn of the loop."""

if sys.version_info >= (3, 12):

    def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task of its own, begun at once."""
        return asyncio.Task(coroutine, loop=loop, name=name, eager_start=True)

else:

    def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine as a task of its own."""
        return loop.create_task(coroutine, name=name)


class Office:
    """Where failures of handlers are written down.

    Args:
        complaints: tells them.
        on_pause: called with owner, subject and reason when a handler is paused.
        limit: seconds a handler may take; None where its host sees to that.
    """

    __slots__ = ("complaints", "limit", "on_pause")

    def __init__(self, complaints: Complaints, on_pause: OnPause, limit: float | None) -> None:
        self.complaints = complaints
        self.on_pause = on_pause
        self.limit = limit

    def note(self, hearer: Hearer, topic: str, error: BaseException) -> None:
        """Tell of a failure, and pause the handler if that was one too many."""
        self.complaints.tell(hearer.owner, topic, error)
        if hearer.stumble():
            self.on_pause(hearer.owner, hearer.step, text_of(error))


class Flight:
    """One message on its way: `launch` it, then `land` unless `is_landed`.

    Args:
        message: the message.
        journey: what its handlers inherit.
        loop: where they run.
        office: where failures are written down.
        is_awaited: whether its publisher waits, and so may be made to wait for room in a mailbox.

    Attributes:
        matched, failed, timed_out: how many hearers it has, and what became of them so far.
    """

    __slots__ = (
        "_is_awaited",
        "_journey",
        "_loop",
        "_message",
        "_office",
        "_waiting",
        "failed",
        "matched",
        "timed_out",
    )

    def __init__(
        self,
        message: PluginMessage,
        journey: Journey,
        loop: asyncio.AbstractEventLoop,
        office: Office,
        *,
        is_awaited: bool = True,
    ) -> None:
        self._is_awaited = is_awaited
        self.matched = self.failed = self.timed_out = 0
        self._message = message
        self._journey = journey
        self._loop = loop
        self._office = office
        self._waiting: list[tuple[Hearer, asyncio.Task[Any], Any]] = []

    @property
    def is_landed(self) -> bool:
        """Whether every handler is done."""
        return not self._waiting

    @property
    def receipt(self) -> dict[str, int]:
        """What became of it: ``matched`` is the sum of ``delivered``, ``failed`` and ``timed_out``."""
        delivered = self.matched - self.failed - self.timed_out
        return {
            "matched": self.matched,
            "delivered": delivered,
            "failed": self.failed,
            "timed_out": self.timed_out,
        }

    def launch(self, hearers: tuple[Hearer, ...], *, is_slow: bool = False) -> bool:
        """Call every handler: sync ones to their end, async ones as tasks; whether that took remarkably long."""
        message = self._message
        self.matched = len(hearers)
        began = perf_counter()
        token = under_way.set(self._journey)
        try:
            for hearer in _timed(hearers, message.topic) if is_slow else hearers:
                try:
                    result: Any = hearer.receive(message)
                except HANDLER_FAILURES as error:
                    self._fail(hearer, error)
                else:
                    if result is not None:
                        self._follow(hearer, result)
        finally:
            under_way.reset(token)
        if not self._waiting:
            self._journey.is_over = True
        return perf_counter() - began > SLOW

    async def land(self) -> None:
        """Wait for the handlers that wait; those that take too long, or whose publisher is cancelled, are let go."""
        try:
            if not EAGER:
                await asyncio.sleep(0)
            self._settle()
            if self._waiting:
                self._time()
                await asyncio.wait([task for _, task, _ in self._waiting], timeout=self._office.limit)
                self._settle()
            for hearer, _, _ in self._waiting:
                self._expire(hearer)
        finally:
            self._journey.is_over = True
            for _, task, awaitable in self._waiting:
                let_go(task, awaitable)

    def _follow(self, hearer: Hearer, result: Any) -> None:
        """Go on with what a handler gave, if it is to be awaited."""
        if result is SKIPPED:
            self._skip(hearer)
        elif hearer.mail is not None and not self._is_awaited:
            hearer.mail.take_back()
        elif is_awaitable(result):
            task = start(self._loop, _contained(hearer, result), hearer.step)
            if task.done():
                self._conclude(hearer, task)
            else:
                self._waiting.append((hearer, task, result))

    def _settle(self) -> None:
        """Note what became of the tasks that are done."""
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            if entry[1].done():
                self._conclude(entry[0], entry[1])
            else:
                self._waiting.append(entry)

    def _conclude(self, hearer: Hearer, task: asyncio.Task[Any]) -> None:
        outcome = asyncio.CancelledError("it was cancelled") if task.cancelled() else task.result()
        if outcome is SKIPPED:
            self._skip(hearer)
        elif outcome is not None:
            self._fail(hearer, outcome)
        elif hearer.in_a_row:
            hearer.recover()

    def _fail(self, hearer: Hearer, error: BaseException) -> None:
        if isinstance(error, PluginTimeout):
            self.timed_out += 1
            hearer.tallies.expire()
        else:
            self.failed += 1
            hearer.tallies.fail()
        self._office.note(hearer, self._message.topic, error)

    def _expire(self, hearer: Hearer) -> None:
        self.timed_out += 1
        if hearer.mail is not None:
            # It was no handler that took so long: its mailbox had no room, and drops the message.
            return
        hearer.tallies.expire()
        error = TimeoutError(f"took longer than {self._office.limit:g} s and was let go")
        self._office.note(hearer, self._message.topic, error)

    def _skip(self, hearer: Hearer) -> None:
        self.matched -= 1
        hearer.tallies.delivered -= 1

    def _time(self) -> None:
        """Let each task say how long it took."""
        began = perf_counter()

        def note(hearer: Hearer, _: object) -> None:
            hearer.tallies.took(perf_counter() - began, self._message.topic)

        for hearer, task, _ in self._waiting:
            task.add_done_callback(functools.partial(note, hearer))


def is_awaitable(result: Any) -> bool:
    """As `inspect.isawaitable`, which takes its time, but quick to know a coroutine."""
    return type(result) is CoroutineType or inspect.isawaitable(result)


def let_go(task: asyncio.Task[Any], awaitable: Any) -> None:
    """Cancel a task and go on without it."""
    if inspect.iscoroutine(awaitable) and inspect.getcoroutinestate(awaitable) == inspect.CORO_CREATED:
        # Its task never began, and so will never close it.
        awaitable.close()
    task.cancel()


def _timed(hearers: Iterable[Hearer], topic: str) -> Iterator[Hearer]:
    for hearer in hearers:
        began = perf_counter()
        yield hearer
        hearer.tallies.took(perf_counter() - began, topic)


async def _contained(hearer: Hearer, awaitable: Any) -> Any:
    """None, or what the handler raised, or that it was not begun."""
    if hearer.is_ended and not EAGER:
        awaitable.close()
        return SKIPPED
    try:
        await awaitable
    except HANDLER_FAILURES as error:
        return error
    return None
