"""Work of plugins that is awaited in the host's own tasks: it keeps its time, and does not keep those tasks.

A task of its own, as the guard gives every other step, costs ten times what a small agent does. Here a task does one
piece of work after the other, under one `Deadline` that is moved from piece to piece. Work that is late is cancelled;
what goes on nevertheless is not driven any further, so the task goes on without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from localagent.host.deadlines import LONG, Deadline, hold_back
from localagent.host.slices import WAITS, Slices
from localagent.host.surroundings import begin_watching, end_watching, go_back_to, put_back
from localagent.workflows.attempt import Unfinished

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task, TimerHandle
    from collections.abc import Awaitable, Coroutine

    from localagent.host.guard import Guard
    from localagent.host.journal import Journal
    from localagent.workflows.attempt import Control

_NEVER = 1e8
"""Seconds after which a limit that is none is over; three years."""


class Place:
    """A task in which one piece of work after the other is done.

    Attributes:
        is_late: whether the present piece took longer than it may.
        lines: ``(file, line)`` of what it waited in then, the innermost first.
    """

    __slots__ = (
        "_asked", "_control", "_grace", "_guard", "_is_left", "_is_limited", "_left", "_mark", "_watch", "_work",
        "deadline", "is_late", "lines", "task",
    )  # fmt: skip

    def __init__(self, task: Task[Any], watch: _Watch) -> None:
        self.task = task
        self._watch = watch
        self._guard: Guard | None = None
        self._mark = b""
        self._asked: Any = None
        self._work: Leavable | None = None
        self._control: Control | None = None
        self._grace = 0.0
        self._is_left = self._is_limited = False
        self._left: str | None = None
        self.is_late = False
        self.lines: tuple[tuple[str, int], ...] = ()
        self.deadline = Deadline("execute", _NEVER, lambda _: None, is_task=True)
        self.deadline.start()
        # The context that has it is the task's own and ends with it.
        self.deadline.token = None

    def begin(self, guard: Guard, step: str, limit: float | None, control: Control | None) -> None:
        """A piece of work begins, which may take at most `limit` seconds."""
        if guard is not self._guard or step != self.deadline.step:
            self._guard, self._mark = guard, guard.mark(step)
            self._grace, self.deadline.step, self.deadline.give_up = guard.budgets.grace, step, guard.give_up
        self._control = control
        if limit is not None:
            self._is_limited = True
            self.deadline.begin_anew(limit)
            if self.deadline.at < self._watch.due:
                self._watch.expect(self.deadline.at)

    def first(self, work: Coroutine[Any, Any, Any], journal: Journal | None) -> Any:
        """What the work gives if it never waits, else `WAITS`.

        Most small work never does: to await it, and be told by an exception that goes up through all who await it,
        would cost more than what it does.
        """
        began = time.monotonic()
        earlier = begin_watching()
        streams = (sys.stdout, sys.stderr)
        if journal is not None:
            journal.enter(self._mark)
        try:
            self._asked = work.send(None)
        except StopIteration as end:
            return end.value
        finally:
            put_back(streams)
            if journal is not None:
                journal.leave()
            self._left = end_watching(earlier)
            took = time.monotonic() - began
            if took > LONG:
                hold_back(took, self.deadline)
        return WAITS

    def rest(self, work: Coroutine[Any, Any, Any], journal: Journal | None) -> Leavable:
        """The rest of work that waits, to be awaited."""
        self._work = Leavable(work, journal, self._mark, self, self._asked)
        self._work.left = self._left
        self._asked = None
        return self._work

    def unfinished(self, rest: Awaitable[Any]) -> Unfinished:
        """What stands for the result of work that waits."""
        return Unfinished(rest)

    def end(self) -> None:
        """Be done with it."""
        left = self._left if self._work is None else self._work.left
        if left is not None:
            go_back_to(left)
            self._left = None
        self._work = self._control = None
        if self._is_limited:
            self._is_limited = False
            self.deadline.at += _NEVER

    def forgive(self) -> None:
        """Let the task go on that was cancelled because its work was late."""
        self.task.uncancel()
        if self._is_left:
            self.task.uncancel()
        self.is_late = self._is_left = False

    def must_be_left(self) -> bool:
        """Whether work that does not end is to be driven no further."""
        return self._is_left or (self._control is not None and self._control.is_left)

    def look(self, now: float) -> None:
        """Cancel work that is late, and after its grace leave it."""
        if self._work is None or self.deadline.at > now:
            return
        if self.is_late:
            self._is_left = True
        else:
            self.is_late, self.lines = True, self._work.lines()
        self.deadline.at = now + self._grace if not self._is_left else now + _NEVER
        self.task.cancel()

    def is_cancelled(self, error: BaseException) -> bool:
        """Whether an exception is the end that somebody wished for the task."""
        return isinstance(error, asyncio.CancelledError) and self.task.cancelling() > 0


class _Watch:
    """The places of one event loop, and its timer for the first of them whose time is over.

    Attributes:
        due: the moment that the timer is set for; infinite where it is not.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._places: dict[Task[Any], Place] = {}
        self._timer: TimerHandle | None = None
        self.due = math.inf

    def place_of(self, task: Task[Any]) -> Place:
        place = self._places.get(task)
        if place is None:
            place = self._places[task] = Place(task, self)
            task.add_done_callback(self._forget)
        return place

    def expect(self, at: float) -> None:
        """Look when the time of a place is over, which is before `due`."""
        if self._timer is not None:
            self._timer.cancel()
        self.due = at
        self._timer = self._loop.call_later(max(at - time.monotonic(), 0.0), self._look)

    def _look(self) -> None:
        self._timer, self.due = None, math.inf
        now = time.monotonic()
        for place in self._places.values():
            place.look(now)
        first = min((place.deadline.at for place in self._places.values()), default=now + _NEVER)
        if first < now + _NEVER / 2:
            self.expect(first)

    def _forget(self, task: Task[Any]) -> None:
        self._places.pop(task).deadline.stop()
        if not self._places and self._timer is not None:
            self._timer.cancel()
            self._timer, self.due = None, math.inf


class Leavable(Slices):
    """Slices of a coroutine that is closed where it stands when it does not end.

    Args:
        work: the coroutine.
        journal: as `Slices`.
        mark: as `Slices`.
        place: where it is awaited.
        asked: what it waits for already, since it was begun.
    """

    __slots__ = ("_asked", "_place")

    def __init__(
        self, work: Coroutine[Any, Any, Any], journal: Journal | None, mark: bytes, place: Place, asked: Any
    ) -> None:
        super().__init__(work, journal, mark, place.deadline)
        self._place = place
        self._asked = asked

    def __next__(self) -> Any:
        # None is what is asked of the event loop by who only lets others have it.
        asked, self._asked = self._asked, WAITS
        return super().__next__() if asked is WAITS else asked

    def throw(self, *error: Any) -> Any:
        """Go on with an exception; work that has no more time is closed instead."""
        if not self._place.must_be_left():
            return super().throw(*error)
        # What ignores even this is nobody's any more; what else it raises in its last moments says nothing of its work.
        with contextlib.suppress(RuntimeError):
            self.close()
        raise asyncio.CancelledError


_here: ContextVar[Place | None] = ContextVar("place", default=None)
_watches: WeakKeyDictionary[AbstractEventLoop, _Watch] = WeakKeyDictionary()


def place_here(control: Control | None = None) -> Place:
    """The place of the present task; the hold on it, if there is one, keeps it as its `place`."""
    place = _place_here()
    if control is not None:
        control.place = place
    return place


def _place_here() -> Place:
    place = _here.get()
    task = asyncio.current_task()
    if place is not None and place.task is task:
        return place
    loop = asyncio.get_running_loop()
    assert task is not None  # noqa: S101 - for type checkers: a coroutine runs in a task
    watch = _watches.get(loop)
    if watch is None:
        watch = _watches[loop] = _Watch(loop)
    place = watch.place_of(task)
    _here.set(place)
    return place
