"""What a plugin starts by itself belongs to it: its name is on failures of its tasks and threads, and tasks go with it.

A task belongs to the plugin whose code made it, which a context variable tells: it is set while a plugin's code is
called, and a task takes a copy of the context in which it is made. New threads begin without one, so theirs is known by
the lines that were running.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
import traceback
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from localagent.host.places import is_below, is_hosts

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Generator

    from localagent.host.guard import Guard

_log = logging.getLogger("localagent.host")

running: ContextVar[Guard | None] = ContextVar("running", default=None)
"""Through whose guard the running code was called; None for the host's own."""
_tasks: WeakKeyDictionary[Task[Any], Guard] = WeakKeyDictionary()
_coroutines: WeakKeyDictionary[Task[Any], Coroutine[Any, Any, Any]] = WeakKeyDictionary()
_guards: dict[str, Guard] = {}


def new_task(
    loop: AbstractEventLoop, coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any
) -> Task[Any]:
    """A task factory: a task that a plugin makes of code that is not the host's is contained, and belongs to it."""
    guard = running.get()
    code = getattr(coro, "cr_code", None)
    if guard is None or not isinstance(coro, Coroutine) or (code is not None and is_hosts(code.co_filename)):
        return _task_class()(coro, loop=loop, **options)
    # From Python 3.13.3 on, none is an answer too.
    if options.get("name") is None:
        options["name"] = name_of(guard, coro)
    return belonging_to(guard, _task_class()(guard.background(coro), loop=loop, **options), coro)


@functools.cache
def _task_class() -> type[Task[Any]]:
    """Tasks as Python makes them, but for 3.13.0 to 3.13.2, which call those of a factory 'None' that got no name."""
    import asyncio

    if not (3, 13) <= sys.version_info < (3, 13, 3):
        return asyncio.Task

    class Task(asyncio.Task[Any]):
        def set_name(self, value: object) -> None:
            if value is not None:
                super().set_name(value)

    return Task


def belonging_to(guard: Guard, task: Task[Any], coro: Coroutine[Any, Any, Any]) -> Task[Any]:
    """The task, which from now on belongs to the plugin; `coro` is closed with it, even if it was never begun."""
    _tasks[task] = guard
    _coroutines[task] = coro
    task.add_done_callback(lambda _: coro.close())
    return task


def name_of(guard: Guard, coro: object) -> str:
    """How a task is called whose maker gave it no name."""
    return f"{guard.plugin}: {getattr(coro, '__qualname__', coro)}"


def plugin_of(task: Task[Any]) -> str:
    """The name of the plugin that a task belongs to; empty if it is the host's."""
    guard = _tasks.get(task)
    return guard.plugin if guard is not None else ""


def tasks_of(guard: Guard) -> list[Task[Any]]:
    """The tasks of one life of a plugin that are not done."""
    return [task for task, owner in tuple(_tasks.items()) if owner is guard and not task.done()]


def cancel_tasks(guard: Guard) -> None:
    """Cancel what one life of a plugin has running, as it goes; who calls this from such a task goes on."""
    own = tasks_of(guard)
    if not own:
        return
    from asyncio import current_task

    for task in own:
        loop = task.get_loop()
        if not loop.is_closed() and task is not current_task(loop):
            # What the ledger had cancelled before was given to the host to end.
            if not task.cancelling():
                guard.tally.left[task.get_name()] = _waits_at(task)
            task.cancel()


def _waits_at(task: Task[Any]) -> str:
    """``file:line`` of the plugin's own coroutine, which the guard's contains."""
    frame = getattr(_coroutines.get(task), "cr_frame", None)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else str(task.get_coro())


def watch_threads(guard: Guard) -> None:
    """Tell failures in threads with the plugin's name where a line of its own was running."""
    _replace_hook()
    if guard.root is not None:
        _guards[str(guard.root)] = guard


@functools.cache
def _replace_hook() -> None:
    """Once a process."""
    others = threading.excepthook

    def tell(what: threading.ExceptHookArgs) -> None:
        error = what.exc_value
        guard = _guard_of(error) if error is not None and not isinstance(error, SystemExit) else None
        if guard is None or error is None:
            others(what)
            return
        failure = guard.failure("background", error)
        thread = what.thread.name if what.thread is not None else "a thread"
        trace = error if _log.isEnabledFor(logging.DEBUG) else None
        _log.warning("%s: %s: %s: %s", failure.place, guard, thread, failure.message, exc_info=trace)

    threading.excepthook = tell


def _guard_of(error: BaseException) -> Guard | None:
    """Of the plugin whose line was running last."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        for guard in _guards.values():
            if is_below(frame.filename, guard.root):
                return guard
    return None
