"""Signals that ask the process to end: remembered, brought to what is running, enforced where that does not react.

Signals belong to the process, so there is one state for the process. From the first signal on:

====== =====================================================================================
0 s    the host's task is cancelled; synchronous code gets a `KeyboardInterrupt`
0.25 s a `KeyboardInterrupt` in whatever the main thread runs, then every 0.1 s
0.5 s  the last resort (the cleanups) runs on top of code that swallows all of this
1.9 s  a thread ends the process, whatever the main thread does
====== =====================================================================================

While plugins are let go nothing is interrupted; a signal then only shortens what is left.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INSIST_AFTER = 0.25
INSIST_EVERY = 0.1
TAKE_OVER_AFTER = 0.5
END_AFTER = 1.9
"""Seconds from the first signal."""
_FLUSH_LIMIT = 0.1
"""Seconds that standard output may take to be flushed when the process is ended."""


class _Signals:
    """What was received, and how it is brought to the code that runs."""

    def __init__(self) -> None:
        self.ways: list[Callable[[], None]] = []
        self.cleaning = False
        self.last_resort: Callable[[], None] | None = None
        self.at_end: Callable[[], None] | None = None
        self.stop_in_child: Callable[[], None] | None = None
        self.ring: Callable[[int], None] = lambda _: None
        self.forget()

    def forget(self) -> None:
        """Nothing was received yet."""
        self.signum: int | None = None
        self.times = 0
        self.since = 0.0
        self.insisting = False

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """The handler: the main thread runs it between two instructions of whatever it is doing."""
        # Where the main thread comes to the first signal late, it comes to it together with those that insist.
        insisting, self.insisting = self.insisting and self.signum is not None, False
        if not insisting:
            self.note(signum)
        if self.cleaning:
            if not insisting and self.ways:
                self.ways[-1]()
        elif insisting and self.last_resort is not None and time.monotonic() - self.since >= TAKE_OVER_AFTER:
            self.take_over(self.last_resort)
        elif self.ways and self.times == 1 and not insisting:
            self.ways[-1]()
        else:
            raise KeyboardInterrupt

    def note(self, signum: int) -> None:
        self.times += 1
        # Python rings by itself, unless a plugin's event loop took the bell away.
        self.ring(signum)
        if self.signum is None:
            self.signum, self.since = signum, time.monotonic()

    def take_over(self, last_resort: Callable[[], None]) -> None:
        """Do what must be done before the end on top of code that does not end, then end."""
        self.last_resort = None
        try:
            last_resort()
        finally:
            self.end()

    def end(self) -> None:
        """End the process as the signal asked; any thread may."""
        try:
            if self.at_end is not None:
                self.at_end()
        finally:
            end_process(exit_code())


_signals = _Signals()


def pending() -> int | None:
    """The number of the first real signal that asked this process to end; None if there was none.

    It tells a real Ctrl-C from a `KeyboardInterrupt` that a plugin raised by itself.
    """
    return _signals.signum


def times() -> int:
    """How often the process was asked to end."""
    return _signals.times


def is_listening() -> bool:
    """Whether signals come to this module; if not, they are the embedding program's business."""
    return _signals.stop_in_child is not None


def give_up(code: int) -> None:
    """End the process on top of code in the main thread that does not end, after what must be done before the end."""
    last_resort, _signals.last_resort = _signals.last_resort, None
    try:
        if last_resort is not None:
            last_resort()
    finally:
        end_process(code)


def exit_code() -> int:
    """130 after Ctrl-C, 143 after SIGTERM and SIGHUP."""
    return 130 if _signals.signum == signal.SIGINT else 143


@contextlib.contextmanager
def delivered_by(way: Callable[[], None]) -> Generator[None]:
    """Within, a first signal calls `way`, from between two instructions of the main thread, and raises nothing."""
    _signals.ways.append(way)
    try:
        yield
    finally:
        _signals.ways.pop()


@contextlib.contextmanager
def noted() -> Generator[list[int]]:
    """Within, a first signal does what it would around this, and is noted in the list instead of raising anything."""
    told: list[int] = []
    around = _signals.ways[-1:]

    def note() -> None:
        told.append(_signals.times)
        for way in around:
            way()

    with delivered_by(note):
        yield told


@contextlib.contextmanager
def cleaning(shorten: Callable[[], None]) -> Generator[None]:
    """Within, signals interrupt nothing; each calls `shorten`, from between two instructions of the main thread."""
    before, _signals.cleaning = _signals.cleaning, True
    try:
        with delivered_by(shorten):
            yield
    finally:
        _signals.cleaning = before


@contextlib.contextmanager
def last_resort(function: Callable[[], None], at_end: Callable[[], None]) -> Generator[None]:
    """Within, code that swallows every interruption is ended with the process.

    Args:
        function: called before that in the main thread, on top of that code.
        at_end: called last, from any thread; it must not wait for anything.
    """
    before = _signals.last_resort, _signals.at_end
    _signals.last_resort, _signals.at_end = function, at_end
    try:
        yield
    finally:
        _signals.last_resort, _signals.at_end = before


@contextlib.contextmanager
def listening() -> Generator[None]:
    """Within, SIGINT, SIGTERM and SIGHUP are ours; for the main thread of a program that is LocalAgent's own.

    A signal that the caller had the process ignore, as ``nohup`` does, stays ignored.
    """
    _signals.forget()
    _watch_forks()
    wanted = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, _signals.handle) for each in wanted}
    enforcer = _Enforcer(_signals)
    _signals.ring = enforcer.ring
    earlier = signal.set_wakeup_fd(enforcer.bell, warn_on_full_buffer=False)

    def stop(wakeup: int) -> None:
        signal.set_wakeup_fd(wakeup)
        for each, handler in before.items():
            signal.signal(each, handler)

    # A signal for a process that a plugin forked is not for this one, but would ring the same bell.
    _signals.stop_in_child = lambda: stop(-1)
    try:
        yield
    finally:
        _signals.stop_in_child = None
        _signals.ring = lambda _: None
        stop(earlier)
        enforcer.close()


@functools.cache
def _watch_forks() -> None:
    """Once a process: a signal for a child that is just being forked waits until the child has handlers of its own."""
    masks: list[set[signal.Signals | int]] = []
    os.register_at_fork(
        before=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop()),
        after_in_child=lambda: _begin_child(masks.pop()),
    )


def _begin_child(mask: set[signal.Signals | int]) -> None:
    if _signals.stop_in_child is not None:
        _signals.stop_in_child()
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class _Enforcer:
    """A thread that hears signals even while the main thread sits in C code, and sees to the end in time."""

    def __init__(self, signals: _Signals) -> None:
        self._signals = signals
        self._ear, self.bell = os.pipe()
        os.set_blocking(self.bell, False)
        self._over = threading.Event()
        self._main = threading.get_ident()
        self._thread = threading.Thread(target=self._listen, name="localagent-interrupts", daemon=True)
        self._thread.start()

    def ring(self, signum: int) -> None:
        """Tell the thread of a signal; a bell that rings already is heard."""
        with contextlib.suppress(BlockingIOError):
            os.write(self.bell, bytes([signum]))

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self.ring(0)
        self._thread.join(timeout=1)
        os.close(self.bell)
        os.close(self._ear)

    def _listen(self) -> None:
        while not self._over.is_set():
            heard = os.read(self._ear, 64)
            signum = next((byte for byte in heard if byte in SIGNALS), None)
            # A plugin that has a handler of its own for now, as a prompt may, deals with the signal itself.
            if signum is not None and signal.getsignal(signum) == self._signals.handle:
                self._enforce(signum, time.monotonic())
                return

    def _enforce(self, signum: int, start: float) -> None:
        due = INSIST_AFTER
        while due < END_AFTER:
            if self._over.wait(max(start + due - time.monotonic(), 0)):
                return
            if not self._signals.cleaning:
                self._signals.insisting = True
                signal.pthread_kill(self._main, signum)
            due += INSIST_EVERY
        if self._over.wait(max(start + END_AFTER - time.monotonic(), 0)):
            return
        if self._signals.signum is None:
            # The main thread never came to its handler: it sits in C code.
            self._signals.note(signum)
        self._signals.end()


def end_process(code: int) -> None:
    """End the process now: standard streams are flushed if that is quick, nothing else of the interpreter runs."""
    flushing = threading.Thread(target=_flush, daemon=True)
    flushing.start()
    flushing.join(_FLUSH_LIMIT)
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Closed, replaced by a plugin, or its reader is gone: there is nobody left to tell.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
