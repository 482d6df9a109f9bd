"""The one event loop that plugins live on, and the ways into it from synchronous code."""

from __future__ import annotations

import asyncio
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import WrongLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    T = TypeVar("T")


class HostLoop:
    """An event loop that is parked while synchronous commands run.

    Made in a thread without a running loop, it starts a loop of its own on first use. `adopt` makes it use the loop
    that is running already, as an embedding program or an asynchronous test wants.
    """

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._adopted: asyncio.AbstractEventLoop | None = None
        self._worker: _WorkerLoop | None = None

    def adopt(self) -> None:
        """Belong to the loop that is running in this thread."""
        self._adopted = asyncio.get_running_loop()

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` to its end from synchronous code and give its result.

        Raises:
            WrongLoop: called from code that runs on the loop; such code awaits instead.
        """
        if self._worker is not None and self._worker.is_this_thread():
            return self._worker.runner.run(coro)
        if _is_running_here():
            coro.close()
            raise WrongLoop("this thread's event loop is busy running the caller", fix="await it instead")
        if self._adopted is not None and self._adopted.is_running():
            return asyncio.run_coroutine_threadsafe(coro, self._adopted).result()
        return self._run_parked(coro)

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
        """Close the loop if it is the host's own."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _run_parked(self, coro: Coroutine[Any, Any, T]) -> T:
        if self._runner is None:
            self._runner = asyncio.Runner()
            # A host that nobody closed, as in a test that only invokes a command, must not leave its loop open.
            weakref.finalize(self, self._runner.get_loop().close)
        loop = self._runner.get_loop()
        # A command that called asyncio.run left this thread without a current loop.
        asyncio.set_event_loop(loop)
        return self._runner.run(coro)

    def _in_worker(self, function: Callable[[], T]) -> T:
        with asyncio.Runner() as runner:
            self._worker = _WorkerLoop(runner)
            try:
                return function()
            finally:
                self._worker = None


class _WorkerLoop:
    """The loop of the worker thread that stands in while the host's own thread is blocked."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self._thread = threading.get_ident()

    def is_this_thread(self) -> bool:
        return threading.get_ident() == self._thread


def _is_running_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
