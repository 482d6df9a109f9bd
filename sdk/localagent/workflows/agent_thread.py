"""One agent at work on an event loop of its own, in a thread that can be left behind."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

Lines = tuple[tuple[str, int], ...]
"""``(file, line)`` of each frame that was running, the innermost first."""


class AgentThread(Generic[T]):
    """Runs the coroutine function `work`.

    Nobody can end a thread from outside. So who waits for an agent that does not give its thread back stops waiting,
    and the thread, which does not keep the process from ending, goes on alone.

    Args:
        work: what is run; it ends soon after it is cancelled, unless code of the agent keeps the loop from going on.
    """

    def __init__(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._is_over = threading.Event()
        self._outcome: T | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def outcome(self, within: float | None) -> T | None:
        """Begin, and wait for what `work` gives; None where it takes longer than `within` seconds, or is left."""
        self._thread.start()
        self._is_over.wait(within)
        return self._outcome

    def lines(self) -> Lines:
        """Where the thread is now."""
        found: list[tuple[str, int]] = []
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - documented
        while frame is not None:
            found.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        return tuple(found)

    def cancel(self) -> None:
        """Cancel what runs, from any thread."""
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            # The loop may be closed already, or be closed at this moment.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    def leave(self, after: float) -> bool:
        """Let who waits for the outcome go on without it `after` so many seconds; False if that was needed."""
        ended = self._is_over.wait(after)
        self._is_over.set()
        return ended

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._to_its_end())

    async def _to_its_end(self) -> None:
        self._task = asyncio.current_task()
        try:
            self._outcome = await self._work()
        finally:
            # Told before the loop is closed, which may have to wait for what the agent left on it.
            self._is_over.set()
