"""The host's own event loop: parked between the coroutines that it runs one at a time, ended within a moment."""

from __future__ import annotations

import asyncio
import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.host import interrupts
from localagent.host.belonging import new_task, plugin_of
from localagent.host.blocking import BlockingWatch, WaitingSelector

if TYPE_CHECKING:
    from collections.abc import Coroutine

    T = TypeVar("T")

_GRACE = 0.1
"""Seconds that cancelled tasks and threads of the loop get to end when it is closed."""

_log = logging.getLogger("localagent.host")


class OwnLoop:
    """A loop in this thread that runs one coroutine at a time and is parked in between."""

    def __init__(self, roots: dict[str, str]) -> None:
        self._selector = WaitingSelector()
        self._runner = asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(self._selector))
        self._loop = self._runner.get_loop()
        self._loop.set_exception_handler(_tell_failure)
        self._loop.set_task_factory(new_task)
        self._watch = BlockingWatch(self._selector, roots)
        self._is_unsettled = False

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` to its end; a signal cancels it and then is a KeyboardInterrupt."""
        # A command that called asyncio.run left this thread without a current loop.
        asyncio.set_event_loop(self._loop)
        self._settle()
        turn = _Turn(self._loop)
        try:
            with interrupts.delivered_by(turn.cancel):
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
        """Leave the loop of a host that nobody closed."""
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
    task: asyncio.Task[Any] | asyncio.Future[Any] | None = what.get("task") or what.get("future")
    name = _name_of(task) if isinstance(task, asyncio.Task) else "event loop"
    told = f"{type(error).__name__}: {error}" if error is not None else what.get("message", "")
    _log.warning("%s: %s", name, told, exc_info=error if _log.isEnabledFor(logging.DEBUG) else None)


def _name_of(task: asyncio.Task[Any]) -> str:
    """The task's name, with that of the plugin it belongs to."""
    name, plugin = task.get_name(), plugin_of(task)
    return name if name.startswith(f"{plugin}: ") or not plugin else f"{plugin}: {name}"
