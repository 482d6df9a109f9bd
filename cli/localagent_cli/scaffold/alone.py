"""One change of a plugin's folder at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Hold a lock on the folder itself, which ends with the process and leaves nothing behind.

    Raises:
        SystemProblem: another process holds it.
        OSError: the folder cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise SystemProblem("another change of the plugin is running", file=folder, fix="wait for it") from problem
