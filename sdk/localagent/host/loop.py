"""The one event loop that plugins live on, and the ways into it from synchronous code."""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import WrongLoop
from localagent.host import interrupts
from localagent.host.blocking import BlockingWatch, WaitingSelector

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    T = TypeVar("T")

_GRACE = 0.1
"""Seconds that cancelled tasks and threads of the loop get to end when it is closed."""

_log = logging.getLogger("localagent.host")


class HostLoop:
    """An event loop that is parked while synchronous commands run.

    Made in a thread without a running loop, it starts a loop of its own on first use. `adopt` makes it use the loop
    that is running already, as an embedding program or an asynchronous test wants.

    Attributes:
        abandoned: names of tasks that did not end when the loop was closed.
    """

    def __init__(self) -> None:
        self.abandoned: list[str] = []
        self._own: _OwnLoop | None = None
        self._adopted: asyncio.AbstractEventLoop | None = None
        self._worker: _WorkerLoop | None = None
        self._roots: dict[str, str] = {}

    def adopt(self) -> None:
        """Belong to the loop that is running in this thread."""
        self._adopted = asyncio.get_running_loop()

    def know(self, plugin: str, root: Path | None) -> None:
        """Remember whose code lies at `root`, to name who blocks the loop."""
        if root is not None:
            self._roots[str(root)] = plugin

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` to its end from synchronous code and give its result.

        Raises:
            WrongLoop: called from code that runs on the loop; such code awaits instead.
            KeyboardInterrupt: a signal asked the process to end; `coro` was cancelled.
        """
        if self._worker is not None and self._worker.is_this_thread():
            return self._worker.runner.run(coro, context=copy_context())
        if _is_running_here():
            coro.close()
            raise WrongLoop("this thread's event loop is busy running the caller", fix="await it instead")
        if self._adopted is not None and self._adopted.is_running():
            return asyncio.run_coroutine_threadsafe(coro, self._adopted).result()
        if self._own is None:
            self._own = _OwnLoop(self._roots)
            # A host that nobody closed, as in a test that only invokes a command, must not leave its loop open.
            weakref.finalize(self, self._own.drop)
        return self._own.run(coro)

    def run_at_last(self, coro: Coroutine[Any, Any, T]) -> T:
        """As `run`, if need be on top of the loop that runs in this thread and is never gone back to.

        For the end of a process in which a plugin does not give the loop back.
        """
        if not _is_running_here():
            return self.run(coro)
        asyncio._set_running_loop(None)  # noqa: SLF001 - documented for those who run loops, as is done here
        with asyncio.Runner() as runner:
            return runner.run(coro)

    def call_blocking(self, function: Callable[[], T]) -> T:
        """Call synchronous `function` that may use `run` and `asyncio.run`, whatever runs in this thread.

        Where a loop runs in this thread already, the function goes to a worker thread with a loop of its own, and
        this thread, its loop included, waits for it.
        """
        if not _is_running_here():
            return function()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="localagent-command") as pool:
            return pool.submit(copy_context().run, self._in_worker, function).result()

    def close(self) -> None:
        """Close the loop if it is the host's own; what does not end at once is named in `abandoned`."""
        if self._own is not None:
            own, self._own = self._own, None
            self.abandoned += own.close()

    def _in_worker(self, function: Callable[[], T]) -> T:
        with asyncio.Runner() as runner:
            self._worker = _WorkerLoop(runner)
            try:
                return function()
            finally:
                self._worker = None


class _OwnLoop:
    """A loop in this thread that runs one coroutine at a time and is parked in between."""

    def __init__(self, roots: dict[str, str]) -> None:
        self._selector = WaitingSelector()
        self._runner = asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(self._selector))
        self._loop = self._runner.get_loop()
        self._loop.set_exception_handler(_tell_failure)
        self._watch = BlockingWatch(self._selector, roots)
        self._is_unsettled = False

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        # A command that called asyncio.run left this thread without a current loop.
        asyncio.set_event_loop(self._loop)
        self._settle()
        turn = _Turn(self._loop)
        try:
            with interrupts.delivered_by(turn.cancel):
                # In the caller's context, so that what is logged names the same operation.
                return self._runner.run(turn.of(coro), context=copy_context())
        except asyncio.CancelledError:
            if turn.cancelled:
                raise KeyboardInterrupt from None
            raise
        except KeyboardInterrupt:
            self._is_unsettled = True
            raise
        finally:
            self._selector.busy_since = None

    def close(self) -> list[str]:
        """End what still runs, then the loop; gives the names of what does not end."""
        self._watch.close()
        asyncio.set_event_loop(self._loop)
        with interrupts.cleaning(lambda: None):
            self._settle()
            alive = self._runner.run(_end_all())
            if not alive:
                self._runner.close()
        return alive

    def drop(self) -> None:
        self._watch.close()
        self._loop.close()

    def _settle(self) -> None:
        """Let pass what an interrupted run left behind: asyncio's own call to stop the loop may wait there still."""
        if self._is_unsettled:
            self._is_unsettled = False
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()


class _Turn:
    """One coroutine's time on the loop, which a signal can end from outside."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.cancelled = False
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None

    async def of(self, coro: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        if self.cancelled:
            coro.close()
            raise asyncio.CancelledError
        return await coro

    def cancel(self) -> None:
        """Called by a signal handler, so the loop may be asleep in its selector, which goes on sleeping after it."""
        self.cancelled = True
        if self._task is not None:
            self._task.cancel()
            self._loop.call_soon_threadsafe(lambda: None)


class _WorkerLoop:
    """The loop of the worker thread that stands in while the host's own thread is blocked."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self._thread = threading.get_ident()

    def is_this_thread(self) -> bool:
        return threading.get_ident() == self._thread


async def _end_all() -> list[str]:
    """Cancel all tasks and let generators and worker threads end; names of those that did not within the grace."""
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    rest = {
        loop.create_task(loop.shutdown_asyncgens(), name="asynchronous generators"),
        loop.create_task(loop.shutdown_default_executor(), name="worker threads"),
    }
    done, alive = await asyncio.wait(tasks | rest, timeout=_GRACE)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            _tell_failure(loop, {"task": task, "exception": task.exception()})
    return sorted(task.get_name() for task in alive)


def _tell_failure(_: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
    """One line for a failure that nobody waited for; what a signal interrupted did not fail."""
    error = what.get("exception")
    if isinstance(error, KeyboardInterrupt) and interrupts.pending() is not None:
        return
    task = what.get("task") or what.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else "event loop"
    told = f"{type(error).__name__}: {error}" if error is not None else what.get("message", "")
    _log.warning("%s: %s", name, told, exc_info=error if _log.isEnabledFor(logging.DEBUG) else None)


def _is_running_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
