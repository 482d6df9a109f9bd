"""The ways from synchronous code to the event loop that plugins live on; one is started when something waits."""

from __future__ import annotations

import sys
import threading
import types
import weakref
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from localagent.errors import WrongLoop
from localagent.host import interrupts

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Generator
    from pathlib import Path

    from localagent.host.own_loop import OwnLoop

T = TypeVar("T")


class HostLoop:
    """An event loop that is parked while synchronous commands run.

    Made in a thread without a running loop, it starts a loop of its own on first use. `adopt` makes it use the loop
    that is running already, as an embedding program or an asynchronous test wants.

    Attributes:
        abandoned: names of tasks that did not end when the loop was closed.
    """

    def __init__(self) -> None:
        self.abandoned: list[str] = []
        self._own: OwnLoop | None = None
        self._adopted: asyncio.AbstractEventLoop | None = None
        self._worker: _WorkerLoop | None = None
        self._roots: dict[str, str] = {}

    def adopt(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Belong to `loop`, by default the one that is running in this thread."""
        import asyncio

        self._adopted = asyncio.get_running_loop() if loop is None else loop

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
        import asyncio

        if self._worker is not None and self._worker.is_this_thread():
            return self._worker.runner.run(coro, context=copy_context())
        if runs_here():
            coro.close()
            raise WrongLoop("this thread's event loop is busy running the caller", fix="await it instead")
        if self._adopted is not None and self._adopted.is_running():
            return asyncio.run_coroutine_threadsafe(coro, self._adopted).result()
        if self._own is None:
            from localagent.host.own_loop import OwnLoop

            self._own = OwnLoop(self._roots)
            # A host that nobody closed, as in a test that only invokes a command, must not leave its loop open.
            weakref.finalize(self, self._own.drop)
        return self._own.run(coro)

    def run_own(self, coro: Coroutine[Any, Any, T]) -> T:
        """As `run`, for the host's own coroutines, which say by `entered` from where on they need an event loop.

        One that never does costs no event loop, and asyncio is not even imported.
        """
        if self._own is not None or self._adopted is not None or self._worker is not None or runs_here():
            return self.run(coro)
        ended = _run_by_hand(coro)
        return self.run(_rest_of(coro)) if ended is None else ended.value

    def run_at_last(self, coro: Coroutine[Any, Any, T]) -> T:
        """As `run_own`, if need be on top of the loop that runs in this thread and is never gone back to.

        For the end of a process in which a plugin does not give the loop back.
        """
        if not runs_here():
            return self.run_own(coro)
        import asyncio

        asyncio._set_running_loop(None)  # noqa: SLF001 - documented for those who run loops, as is done here
        with asyncio.Runner() as runner:
            return runner.run(coro)

    def call_blocking(self, function: Callable[[], T]) -> T:
        """Call synchronous `function` that may use `run` and `asyncio.run`, whatever runs in this thread.

        Where a loop runs in this thread already, the function goes to a worker thread with a loop of its own, and
        this thread, its loop included, waits for it.
        """
        if not runs_here():
            return function()
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context

        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="localagent-command") as pool:
            return pool.submit(copy_context().run, self._in_worker, function).result()

    def close(self) -> None:
        """Close the loop if it is the host's own; what does not end at once is named in `abandoned`."""
        if self._own is not None:
            own, self._own = self._own, None
            self.abandoned += own.close()

    def _in_worker(self, function: Callable[[], T]) -> T:
        import asyncio

        with asyncio.Runner() as runner:
            self._worker = _WorkerLoop(runner)
            try:
                return function()
            finally:
                self._worker = None


def runs_here() -> bool:
    """Whether an event loop is running in this thread; without asyncio there is none."""
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@types.coroutine
def entered() -> Generator[None, None, None]:
    """Await this where an event loop is needed from: at once if one runs, else whoever drives the caller starts one.

    Only the host's own coroutines may, and before they call code of a plugin that could tell the difference.
    """
    if not runs_here():
        yield


class _WorkerLoop:
    """The loop of the worker thread that stands in while the host's own thread is blocked."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self._thread = threading.get_ident()

    def is_this_thread(self) -> bool:
        return threading.get_ident() == self._thread


def _run_by_hand(coro: Coroutine[Any, Any, Any]) -> StopIteration | None:
    """Run a coroutine of the host until it ends, which gives the end, or asks for an event loop, which gives None.

    A signal waits for that, as it would for a task to wait; synchronous code that does not end is interrupted later.

    Raises:
        KeyboardInterrupt: a signal asked the process to end.
    """
    ended = None
    with interrupts.noted() as told:
        try:
            coro.send(None)
        except StopIteration as end:
            ended = end
    if told:
        coro.close()
        raise KeyboardInterrupt
    return ended


async def _rest_of(coro: Coroutine[Any, Any, T]) -> T:
    return await _Begun(coro)


class _Begun(Generic[T]):
    """A coroutine that was begun, which `await` itself refuses."""

    def __init__(self, coro: Coroutine[Any, Any, T]) -> None:
        self._coro = coro

    def __await__(self) -> Generator[Any, Any, T]:
        return self._coro.__await__()
