"""Staging: a folder is made beside its place and moved there in one step.

A stage is `.localagent-new-NAME-PID/` in the target's parent. Its maker holds a lock on it, so a stage whose lock
is free was left by a process that died, and the next one to come by sweeps it away. It holds the new folder under
its own name, and what that replaces as `.replaced`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PREFIX = ".localagent-new-"
REPLACED = ".replaced"
STAGE = re.compile(re.escape(PREFIX) + r"(?P<name>.+)-\d+")


@contextmanager
def staging(parent: Path, name: str) -> Generator[Path]:
    """A stage for `name` in `parent`, gone at the end; sweeps dead stages first.

    Raises:
        OSError: the stage cannot be made.
    """
    sweep(parent)
    stage = parent / f"{PREFIX}{name}-{os.getpid()}"
    lock = _make_locked(stage)
    try:
        yield stage
    finally:
        _dissolve(stage, parent / name)
        os.close(lock)


def put_in_place(new: Path, target: Path, *, replace: bool) -> None:
    """Move `new`, made in a stage, to `target`; what is replaced goes into the stage and away with it.

    Raises:
        FileExistsError: something is at `target` and must not be replaced.
        OSError: it could not be moved.
    """
    if os.path.lexists(target):
        if not replace:  # a rename would replace an empty folder in silence
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        target.rename(new.parent / REPLACED)
    new.rename(target)


def sweep(parent: Path) -> None:
    """Remove the stages in `parent` whose makers have died; what they had moved aside goes back."""
    for stage in parent.glob(f"{PREFIX}*"):
        match = STAGE.fullmatch(stage.name)
        if match is None:
            continue
        with suppress(OSError), _opened(stage) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _dissolve(stage, parent / match["name"])


def _make_locked(stage: Path) -> int:
    """Make the stage and lock it; the descriptor holds the lock."""
    while True:
        stage.mkdir()
        lock = os.open(stage, os.O_RDONLY)
        with suppress(OSError):  # some network file systems lock no folders: their stages are never swept
            fcntl.flock(lock, fcntl.LOCK_EX)
        if stage.exists() and os.path.samestat(stage.stat(), os.fstat(lock)):
            return lock
        os.close(lock)  # another process swept it before it was locked


def _dissolve(stage: Path, target: Path) -> None:
    replaced = stage / REPLACED
    if os.path.lexists(replaced) and not os.path.lexists(target):
        replaced.rename(target)
    shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _opened(folder: Path) -> Generator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
