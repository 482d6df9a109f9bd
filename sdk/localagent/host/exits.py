"""`os._exit` as plugins find it: who calls it is told before the process ends, since nobody could tell afterwards.

It is looked up at each call, so replacing it once reaches all Python code. A call counts as a plugin's if the innermost
line that is any plugin's own is nearer than any of the host's; so the host may end the process on top of plugin code.
"""

from __future__ import annotations

import functools
import operator
import os
import sys
from typing import TYPE_CHECKING, SupportsIndex

from localagent.host.places import is_below, is_hosts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType
    from typing import NoReturn

    Tell = Callable[[int, str, int], object]

_plugins: dict[Path, Tell] = {}


def watch(root: Path, tell: Tell) -> None:
    """Have `tell` called with exit code, file and line before code below `root` ends this process; it stays watched.

    A process that was forked from this one may end as it likes.
    """
    _replace()
    _plugins[root] = tell


@functools.cache
def _replace() -> None:
    """Once a process."""
    end, pid = os._exit, os.getpid()

    @functools.wraps(end)
    def leave(status: SupportsIndex) -> NoReturn:
        code = operator.index(status)
        if os.getpid() == pid:
            _tell(code, sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the caller is asked for
        end(code)

    os._exit = leave


def _tell(code: int, frame: FrameType | None) -> None:
    while frame is not None and not is_hosts(file := frame.f_code.co_filename):
        for root, tell in _plugins.items():
            if is_below(file, root):
                tell(code, file, frame.f_lineno)
                return
        frame = frame.f_back
