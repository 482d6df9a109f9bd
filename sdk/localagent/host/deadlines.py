"""Time limits for code that does not give control back: the one owner of the real-time timer and its signal.

When a limit is over, the signal handler raises `TimeLimit` in the code that is late, again every 0.1 s as long as it
goes on. After three such shots the next line of that code raises too, which ends loops that swallow every exception;
after eight the process is given up. The host's own lines are never hit. Code in C that keeps the interpreter's lock
cannot be reached like that: for steps that ask for it, faulthandler ends the process with code 1.

Signals reach the main thread only, so code in other threads has no limit of this kind; nor has any code on systems
without the timer, or in a program that had a handler for SIGALRM before us.
"""

from __future__ import annotations

import atexit
import faulthandler
import signal
import sys
import threading
import time
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.host.audited import before

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import FrameType
    from typing import Any

# `signal.getsignal` makes an enum of what it finds, at a hundred times the price.
handler_of: Callable[[int], object] = import_module("_signal").getsignal

REPEAT_AFTER = 0.1
_STDERR = 2
NET_AFTER = 3.0
"""Seconds past a limit after which faulthandler ends the process."""
LONG = 0.05
"""Seconds from which on code that does not give control back counts as keeping others waiting."""
_LOOP_FIRST = 0.05
"""Seconds by which the event loop may be late to notice that a task's limit is over."""
_TRACE_AFTER = 3
_GIVE_UP_AFTER = 8
_HOST = f"{Path(__file__).parent}/"
"""Where nothing is raised: the host's own lines, which would be left half done."""


class TimeLimit(BaseException):
    """A step's time is over; raised by the signal handler in the code that is late.

    Attributes:
        deadline: whose limit it is.
        lines: ``(file, line)`` of each frame that was running, the innermost first.
    """

    def __init__(self, deadline: Deadline, lines: tuple[tuple[str, int], ...]) -> None:
        super().__init__(f"took longer than {deadline.seconds:.3g} s")
        self.deadline = deadline
        self.lines = lines


class Deadline:
    """One step's limit.

    Args:
        step: what is limited, in one word.
        seconds: how long it may take.
        give_up: called when the step does not let itself be ended; it ends the process.
        is_task: whether the step runs as a task, so that the event loop is the first to notice.
        net: file descriptor that faulthandler reports to when even signals do not help; None does without.
        began: moment of the monotonic clock at which the step began; None means now.
    """

    __slots__ = ("at", "began", "give_up", "is_task", "net", "outer", "seconds", "shots", "step", "token")

    def __init__(
        self,
        step: str,
        seconds: float,
        give_up: Callable[[TimeLimit], object],
        *,
        is_task: bool = False,
        net: int | None = None,
        began: float | None = None,
    ) -> None:
        self.step = step
        self.seconds = seconds
        self.give_up = give_up
        self.is_task = is_task
        self.net = net
        self.began = time.monotonic() if began is None else began
        self.at = self.began + seconds
        self.shots = 0
        self.outer: Deadline | None = None
        self.token: Token[Deadline | None] | None = None

    def begin_anew(self, seconds: float) -> None:
        """Limit something else from now on; the timer is touched only if it would come too late."""
        self.began, self.seconds, self.shots = time.monotonic(), seconds, 0
        self.at = self.began + seconds
        # Due a little later than that at most; so the usual case is over with one comparison.
        if _clock.armed_for > self.at and _clock.armed_for > _due(self) and self in _clock.deadlines:
            _clock.arm()

    def left(self) -> float:
        """Seconds until the limit is over, 0 if it is."""
        return max(self.at - time.monotonic(), 0.0)

    def start(self) -> None:
        """Begin to watch, for the code that now runs in this context."""
        self.outer = None if self.is_task else _running.get()
        self.token = _running.set(self)
        if _clock.is_here():
            _clock.add(self)

    def leave_context(self) -> None:
        """Let the present context go on without the limit, which holds on for the tasks that were made in it."""
        # Taken first: an interruption between the two lines must not lead to a second reset.
        token, self.token = self.token, None
        if token is not None:
            _running.reset(token)

    def extend(self, until: float) -> None:
        """Move the end, to a moment of the monotonic clock."""
        self.at = until
        self.shots = 0
        if self in _clock.deadlines:
            _clock.arm()

    def stop(self) -> None:
        """End the watch; what a plugin did to the signal is put right."""
        self.leave_context()
        if _clock.is_here():
            _clock.remove(self)
        if not self.is_task and self.outer is None and _clock.deadlines:
            took = time.monotonic() - self.began
            if took > LONG:
                hold_back(took, self)


class _Clock:
    """The deadlines of the main thread and the timer that is set for the first of them.

    Attributes:
        deadlines: what is limited.
        armed_for: the moment that the timer is set for; 0 where it is not.
    """

    def __init__(self) -> None:
        self.deadlines: list[Deadline] = []
        self._thread: int | None = None
        self._is_asked_for = False
        self.armed_for = 0.0
        self._net_at = 0.0
        self._net = _STDERR
        self._tracer: tuple[Any] | None = None

    def is_here(self) -> bool:
        """Whether the running thread has a timer, which the first one to ask in the main thread gets."""
        here = threading.get_ident()
        if not self._is_asked_for and here == threading.main_thread().ident:
            self._is_asked_for = True
            if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN):
                signal.signal(signal.SIGALRM, _on_alarm)
                # Neither another program nor an interpreter that ends has a handler.
                before("os.exec", self.disarm)
                atexit.register(self.disarm)
                self._thread = here
        return here == self._thread

    def add(self, deadline: Deadline) -> None:
        self.deadlines.append(deadline)
        due = _due(deadline)
        if not deadline.began < self.armed_for <= due:
            self._set_timer(due)
        if deadline.net is not None:
            self._spread_net()

    def remove(self, deadline: Deadline) -> None:
        if deadline not in self.deadlines:
            return
        self.deadlines.remove(deadline)
        self._stop_tracing()
        if deadline.net is not None:
            self._spread_net()
        if handler_of(signal.SIGALRM) is not _on_alarm:
            signal.signal(signal.SIGALRM, _on_alarm)
            self.arm()

    def disarm(self) -> None:
        """Stop the timer."""
        if self.armed_for:
            self.armed_for = 0.0
            signal.setitimer(signal.ITIMER_REAL, 0)

    def arm(self, *, not_before: float = 0.0) -> None:
        """Set the timer for the first deadline, and let the net follow."""
        self.armed_for = 0.0
        if self.deadlines:
            self._set_timer(max(min(map(_due, self.deadlines)), not_before))
            if any(each.net is not None for each in self.deadlines):
                self._spread_net()

    def trace(self, frame: FrameType | None) -> None:
        """Let the next line of each running frame that is not the host's raise."""
        if self._tracer is None:
            self._tracer = (sys.gettrace(),)
        while frame is not None:
            if not frame.f_code.co_filename.startswith(_HOST):
                frame.f_trace = _raise_at_next_line
            frame = frame.f_back
        sys.settrace(_raise_at_next_line)

    def _stop_tracing(self) -> None:
        """Give the debugger or coverage tool that was there its place back."""
        if self._tracer is not None:
            sys.settrace(self._tracer[0])
            self._tracer = None

    def _set_timer(self, moment: float) -> None:
        self.armed_for = moment
        signal.setitimer(signal.ITIMER_REAL, max(moment - time.monotonic(), 0.001))

    def _spread_net(self) -> None:
        """Arm faulthandler for the last of the deadlines that want it; arming costs a thread, so only if need be."""
        wanting = [each for each in self.deadlines if each.net is not None]
        if not wanting:
            faulthandler.cancel_dump_traceback_later()
            self._net_at = 0.0
            return
        last = max(each.at for each in wanting)
        # The next step is hardly later than this one: what still leaves a margin is left as it is.
        if self._net_at < last + NET_AFTER / 2 or self._net not in {each.net for each in wanting}:
            self._net_at, self._net = last + NET_AFTER, wanting[-1].net or _STDERR
            seconds = max(self._net_at - time.monotonic(), NET_AFTER)
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._net)


_running: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def rest() -> None:
    """Stop the timer if nothing is limited: code without a limit, as a command, may want it for itself.

    Between limited steps it goes on, and finds nothing late: setting it each time would cost more than all the rest.
    """
    if not _clock.deadlines and _clock.is_here():
        _clock.disarm()


def hold_back(seconds: float, culprit: Deadline | None) -> None:
    """Give all tasks but one more time, since that one kept the event loop from going on for `seconds`."""
    others = [each for each in _clock.deadlines if each is not culprit and each.is_task]
    for deadline in others:
        deadline.at += seconds
    if others and _clock.is_here():
        _clock.arm()


def shorten(until: float) -> None:
    """Let no limit that is under way end later than that moment; a signal handler may call it."""
    for deadline in _clock.deadlines:
        deadline.at = min(deadline.at, until)
    _clock.arm()


def _due(deadline: Deadline) -> float:
    return deadline.at + _LOOP_FIRST if deadline.is_task else deadline.at


def _on_alarm(_signum: int, frame: FrameType | None) -> None:
    """Raise in the code that is late, if it is running now."""
    now = time.monotonic()
    late = _running.get()
    while late is not None and (late not in _clock.deadlines or _due(late) > now):
        late = late.outer
    if late is None or frame is None:
        _clock.arm(not_before=now + REPEAT_AFTER if any(_due(each) <= now for each in _clock.deadlines) else now)
        return
    _clock.arm(not_before=now + REPEAT_AFTER)
    if frame.f_code.co_filename.startswith(_HOST):
        return
    late.shots += 1
    limit = TimeLimit(late, _lines(frame))
    if late.shots > _GIVE_UP_AFTER:
        _clock.remove(late)
        late.give_up(limit)
    if late.shots > _TRACE_AFTER:
        _clock.trace(frame)
    raise limit


def _raise_at_next_line(frame: FrameType, event: str, _argument: object) -> Any:
    if frame.f_code.co_filename.startswith(_HOST):
        return None
    late = _running.get()
    if event == "line" and late is not None and late in _clock.deadlines:
        raise TimeLimit(late, _lines(frame))
    return _raise_at_next_line


def _lines(frame: FrameType | None) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


_clock = _Clock()
