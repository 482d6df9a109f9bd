"""Whose deed it is: the plugin's whose line is on the stack, or to whom the running task or thread belongs."""

from __future__ import annotations

import os
import threading
from concurrent.futures import thread as pools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import localagent
import localagent_cli
import localagent_testing
from localagent.host.belonging import running
from localagent.host.places import is_below

if TYPE_CHECKING:
    from types import FrameType

_HOSTS = tuple(f"{Path(package.__path__[0])}{os.sep}" for package in (localagent, localagent_cli, localagent_testing))
_IMPORTING = "<frozen importlib"
_OF_ENVIRON = ("<frozen os>", "<frozen _collections_abc>", os.__file__)
_OF_TASKS = (f"asyncio{os.sep}events.py", "_run")
_TREE = "shutil.rmtree"
_OF_TREES = frozenset({"rmtree", "_rmtree_safe_fd", "_rmtree_unsafe", "_rmtree_safe_fd_step"})
_BESIDE = frozenset({"tests", "test", "site-packages", "dist-packages"})
"""Folders of a source tree whose code is not the plugin's."""


class Line(NamedTuple):
    """A line of the plugin that leads to a deed.

    Attributes:
        file: its file; empty where only the task or thread is known to be the plugin's.
        number: counted from 1; 0 where there is none.
        is_importing: whether the deed was done while a module was imported there.
    """

    file: str = ""
    number: int = 0
    is_importing: bool = False


class Owner:
    """Tells which deeds are those of one plugin.

    Args:
        plugin: its name.
        root: the folder that its lines lie in, or its only file.
    """

    def __init__(self, plugin: str, root: Path) -> None:
        self.plugin = plugin
        self._root = root
        self._known: dict[str, bool] = {}
        self._threads: WeakKeyDictionary[threading.Thread, Line] = WeakKeyDictionary()

    def line_of(self, event: str, frame: FrameType | None, *, through_host: bool) -> Line | None:
        """The plugin's innermost line below `frame`; None where the deed is somebody else's.

        Args:
            event: what tells of it.
            frame: where it was done.
            through_host: whether what LocalAgent does for the plugin is the plugin's deed.
        """
        is_importing = False
        while frame is not None:
            file, name = frame.f_code.co_filename, frame.f_code.co_name
            if file.startswith(_IMPORTING):
                is_importing = True
            elif is_below(file, self._root):
                return Line(file, frame.f_lineno, is_importing) if self._is_own(file) else None
            elif file.startswith(_HOSTS):
                if not through_host or self._is_of_another():
                    return None
            elif name in _OF_TREES and event != _TREE and file.endswith("shutil.py"):
                return None  # the event of the whole tree tells of it
            elif name == _OF_TASKS[1] and file.endswith(_OF_TASKS[0]):
                break
            frame = frame.f_back
        return self._by_belonging(is_importing=is_importing)

    def line_that_reads(self, frame: FrameType | None) -> Line | None:
        """The plugin's line that asks the environment itself; None where a library does."""
        while frame is not None and frame.f_code.co_filename in _OF_ENVIRON:
            frame = frame.f_back
        if frame is None or not is_below(frame.f_code.co_filename, self._root):
            return None
        return Line(frame.f_code.co_filename, frame.f_lineno) if self._is_own(frame.f_code.co_filename) else None

    def note_thread(self, thread: threading.Thread, frame: FrameType | None) -> None:
        """Keep the line of the plugin that starts a thread; threads of pools work for whoever asks them."""
        if getattr(thread, "_target", None) is _WORKER:
            return
        line = self.line_of("", frame, through_host=False)
        if line is not None:
            self._threads[thread] = line

    def _by_belonging(self, *, is_importing: bool) -> Line | None:
        guard = running.get()
        if guard is not None:
            return Line(is_importing=is_importing) if guard.plugin == self.plugin else None
        present = threading.get_ident()
        thread = next((each for each in threading.enumerate() if each.ident == present), None)
        return None if thread is None else self._threads.get(thread)

    def _is_of_another(self) -> bool:
        guard = running.get()
        return guard is not None and guard.plugin != self.plugin

    def _is_own(self, file: str) -> bool:
        """Whether a file below the root is the plugin's, and no test's or library's."""
        if file not in self._known:
            path = Path(file)
            inner = path.relative_to(self._root)
            is_test = path.name.startswith("test_") or path.name in {"conftest.py", "setup.py", "noxfile.py"}
            self._known[file] = not (is_test or _BESIDE.intersection(inner.parts[:-1]))
        return self._known[file]


_WORKER: Any = getattr(pools, "_worker", None)
