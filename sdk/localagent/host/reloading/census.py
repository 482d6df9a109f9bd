"""What of a former life is still there: modules, threads, tasks and open files, with who holds them."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.host.belonging import tasks_of
from localagent.manifest.plain import is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from localagent.host.guard import Guard

_OPEN = Path("/proc/self/fd")
_SHOWN = 3
"""So many holders of one thing are named."""


class Census:
    """Counts what one life leaves behind.

    Args:
        guard: of the life that ends.
        modules: its modules.
    """

    def __init__(self, guard: Guard, modules: Iterable[ModuleType]) -> None:
        self._guard = guard
        self._modules = {weakref.ref(module): id(vars(module)) for module in modules}
        self._files = open_files()

    def leaks(self) -> Iterator[str]:
        """One sentence for each thing that should be gone, once the life is over and nobody here refers to it."""
        yield from self._tasks()
        yield from self._threads()
        yield from self._files_left()

    def modules_left(self) -> Iterator[str]:
        """One sentence for each module that something still refers to after garbage was collected."""
        for reference in self._modules:
            module = reference()
            if module is not None:
                holders = ", ".join(_holders(module)) or "something the interpreter does not tell"
                yield f"the former module '{module.__name__}' is still held by {holders}"

    def _tasks(self) -> Iterator[str]:
        for task in tasks_of(self._guard):
            yield f"the task '{task.get_name()}' of the former life still runs"

    def _threads(self) -> Iterator[str]:
        old = set(self._modules.values())
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # nothing else tells what threads do
            where: Any = frame
            while where is not None:
                if id(where.f_globals) in old and ident != threading.get_ident():
                    place = f"{where.f_code.co_filename}:{where.f_lineno}"
                    yield f"the thread '{names.get(ident, ident)}' still runs code of the former life at {place}"
                    break
                where = where.f_back

    def _files_left(self) -> Iterator[str]:
        for file, more in (open_files() - self._files).items():
            yield f"{file} was opened {more} more time{'s' * (more > 1)} than it was closed"


def open_files() -> Counter[str]:
    """How often each file is open in this process, where the system tells."""
    try:
        return Counter(filter(None, map(_target, os.listdir(_OPEN))))  # noqa: PTH208 - a Path for each would be dear
    except OSError:
        return Counter()


def _target(descriptor: str) -> str:
    try:
        target = str((_OPEN / descriptor).readlink())
    except OSError:
        # It is the one that listing the folder needed.
        return ""
    return target if target.startswith("/") and not target.startswith(("/proc/", "/dev/")) else ""


def _holders(module: ModuleType) -> list[str]:
    """Who refers to a module, by module or type."""
    named: dict[str, None] = {}
    for holder in gc.get_referrers(module):
        if is_mapping(holder):
            if "__name__" in holder and "__spec__" in holder and holder is not vars(module):
                named[f"the module '{holder['__name__']}'"] = None
        elif type(holder).__module__ not in ("builtins", "types"):
            named[f"a '{type(holder).__qualname__}' of {type(holder).__module__}"] = None
    return list(named)[:_SHOWN]
