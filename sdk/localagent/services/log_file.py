"""A file of lines that several processes append to and that begins anew when it is long enough."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 5_000_000
"""Bytes after which a file begins anew."""
KEPT = 4
"""Files that are kept beside the present one."""


class LogFile:
    """Appends whole lines.

    Each line is one write to a file opened for appending, which the system does not interleave with others. Who finds
    the file too long renames it while holding its lock; the others see by its identity that theirs is an old one.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._descriptor: int | None = None

    def write(self, line: str) -> None:
        """Append one line.

        Raises:
            OSError: it cannot be written.
        """
        os.write(self._current(), f"{line}\n".encode(errors="backslashreplace"))

    def close(self) -> None:
        """Let the file go; the next line opens it again."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _current(self) -> int:
        descriptor = self._descriptor
        if descriptor is None or not self._is_current(descriptor):
            descriptor = self._reopened()
        if os.fstat(descriptor).st_size >= LIMIT:
            self._rotate(descriptor)
            descriptor = self._reopened()
        return descriptor

    def _reopened(self) -> int:
        self.close()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(descriptor)
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def _rotate(self, descriptor: int) -> None:
        """Number the old files anew, unless another process is about it or was quicker."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if not self._is_current(descriptor):
            return
        for number in range(KEPT, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1)
            if newer.exists():
                newer.replace(older)

    def _numbered(self, number: int) -> Path:
        return self.file.with_name(f"{self.file.name}.{number}") if number else self.file
