"""Which plugin's code this process is running, written where it outlives the process.

Each process that runs plugins holds the lock of one small file in the home's folder ``journal``. A file whose lock is
free although a step is written in it belongs to a process that died in that step. A clean end removes the file, and the
names are used again, so that an index can rest on there being none.

The file is mapped into memory: a mark costs a copy of a hundred bytes and no call of the system, and the pages survive
the process. Faulthandler reports into the same file, which tells a crash from a process that somebody killed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from localagent.host.audited import before

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap
    from pathlib import Path

_MARK, _NOTE, _CRASH, _SIZE = 64, 1024, 1536, 4096
"""Offsets in a file: pid and start; the present step; why it ended; what faulthandler wrote."""
_SLOTS = 1000
_WATCHED_SLOTS = 8
_CLEAR = b"\0"


class Death(NamedTuple):
    """A process that ended while it ran a plugin's code.

    Attributes:
        plugin: whose code.
        step: which step of it.
        fingerprint: of the plugin's files at that time, as text.
        pid: of the process.
        started: when the process began to run plugins, in seconds since the epoch.
        note: why the process ended, where that was known before; empty if it was not.
        place: ``file:line`` of what `note` tells; may be empty.
        crash: what faulthandler saw; empty if the process was not ended by a crash.
        root: the folder or file of the plugin's code; empty where unknown.
    """

    plugin: str
    step: str
    fingerprint: str
    pid: int
    started: float
    note: str = ""
    place: str = ""
    crash: str = ""
    root: str = ""


@functools.lru_cache(maxsize=256)
def mark_of(plugin: str, step: str, fingerprint: str, root: Path | None = None) -> bytes:
    """What `Journal.enter` writes for a step of a plugin whose code lies in `root`."""
    mark = "\0".join((plugin, step.replace("\0", ""), fingerprint, str(root or ""), "")).encode()
    return mark[: _NOTE - _MARK - 1] + _CLEAR


class Journal:
    """The file of this process; opened when the first step is entered.

    Args:
        folder: where the files of all processes lie. Where it cannot be written nothing is, and nothing fails.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot: _Slot | None = None
        self._final: _Slot | None = None
        self._is_tried = False
        self._marks: list[bytes] = []

    def enter(self, mark: bytes) -> None:
        """Write down that a step begins; steps within steps are ended in reverse."""
        self._marks.append(mark)
        if not self._is_tried:
            self._open()
        if self._slot is not None:
            self._slot.put(mark)

    def leave(self) -> None:
        """Write down that the newest step is over."""
        self._marks.pop()
        if self._slot is not None:
            if self._marks:
                self._slot.put(self._marks[-1])
            else:
                # The rest of the mark stays, for the next step: most often it is the same again.
                self._slot.pages[_MARK] = 0

    def note(self, reason: str, place: str) -> None:
        """Write down why this process is about to end in the middle of the present step, and where that is.

        It is the last word: steps on the way to the end leave no mark, and the end counts as a death.
        """
        if self._slot is not None:
            text = f"{reason}\0{place}".encode()[: _CRASH - _NOTE - 1] + _CLEAR
            self._slot.pages[_NOTE : _NOTE + len(text)] = text
            self._final, self._slot = self._slot, None

    def charge(self, mark: bytes, reason: str, place: str) -> None:
        """As `note`, for code that may run beside the present step; if that is another's, `mark` says whose."""
        plugin = mark.partition(_CLEAR)[0] + _CLEAR
        own = [each for each in self._marks if each.startswith(plugin)]
        self.enter(own[-1] if own else mark)
        self.note(reason, place)

    def close(self) -> None:
        """A clean end, wherever the present step is; the journal may be used again."""
        if self._slot is not None:
            self._slot.release()
        self._slot, self._is_tried = None, False
        _open_journals.discard(self)

    def _open(self) -> None:
        self._is_tried = True
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._slot = _Slot.claim(self._folder)
            _watch_forks_and_replacements()
            _open_journals.add(self)

    def forget(self) -> None:
        """In a forked child: leave the file, and with it the lock, to the parent."""
        if self._slot is not None:
            self._slot.close()
        self._slot = None


def deaths(folder: Path) -> list[Death]:
    """The deaths that nobody has dealt with yet; they are handed out once."""
    found: list[Death] = []
    for file in _files(folder):
        with contextlib.suppress(OSError):
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
            try:
                if _locks(descriptor) and _is_there(file, descriptor):
                    death = _read(descriptor)
                    file.unlink()
                    found += [death] if death is not None else []
            finally:
                os.close(descriptor)
    return found


def journal_files(folder: Path) -> tuple[str, ...]:
    """The files that are there while plugins run and after a death, and never after a clean end.

    They are the ones that the first processes to run at a time have; a death of one more is seen at the next look.
    """
    return tuple(str(folder / str(number)) for number in range(_WATCHED_SLOTS))


class _Slot:
    """One file of the journal, locked and mapped into memory."""

    def __init__(self, file: Path, descriptor: int, pages: mmap) -> None:
        self.pages = pages
        self._latest = _CLEAR
        self._file = file
        self._descriptor = descriptor
        self._reports_crashes = not faulthandler.is_enabled()
        if self._reports_crashes:
            os.lseek(descriptor, _CRASH, os.SEEK_SET)
            faulthandler.enable(descriptor, all_threads=False)

    @classmethod
    def claim(cls, folder: Path) -> _Slot | None:
        """A new file under the first name that is free."""
        from mmap import mmap

        for file in (folder / str(number) for number in range(_SLOTS)):
            try:
                descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                continue
            if _locks(descriptor) and _is_there(file, descriptor):
                # Written, not only made longer: on a full disk a page that has no block ends the process.
                header = f"{os.getpid()} {time.time():.3f}\0".encode()
                os.pwrite(descriptor, header.ljust(_SIZE, _CLEAR), 0)
                return cls(file, descriptor, mmap(descriptor, _SIZE))
            # Somebody who looked for deaths in this very moment took it for an empty one.
            os.close(descriptor)
        return None

    def put(self, mark: bytes) -> None:
        """Make `mark` the one that is read here, of which only the first byte may have been taken away since."""
        if mark is self._latest:
            self.pages[_MARK] = mark[0]
        else:
            self.pages[_MARK : _MARK + len(mark)] = self._latest = mark

    def release(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._file.unlink()
        self.close()

    def close(self) -> None:
        """Leave the file to whoever else has it."""
        self._unmap()
        os.close(self._descriptor)

    def _unmap(self) -> None:
        if self._reports_crashes:
            faulthandler.disable()
        self.pages.close()


_open_journals: WeakSet[Journal] = WeakSet()


@functools.cache
def _watch_forks_and_replacements() -> None:
    """Once a process: a forked child leaves the journal; a command that becomes another program did not die."""
    os.register_at_fork(after_in_child=_forget_all)
    before("os.exec", _close_all)


def _forget_all() -> None:
    for journal in _open_journals:
        journal.forget()


def _close_all() -> None:
    for journal in tuple(_open_journals):
        journal.close()


def _files(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.isdigit())  # noqa: PTH208 - names alone are wanted
    except OSError:
        return
    yield from map(folder.joinpath, names)


def _is_there(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _locks(descriptor: int) -> bool:
    """Lock a file for as long as it is open, unless another process has it or the system knows no such locks."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(descriptor, LOCK_EX | LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _read(descriptor: int) -> Death | None:
    content = os.pread(descriptor, 2 * _SIZE, 0)
    header, mark, note, crash = (
        content[start:end].decode(errors="replace")
        for start, end in ((0, _MARK), (_MARK, _NOTE), (_NOTE, _CRASH), (_CRASH, 2 * _SIZE))
    )
    plugin, step, fingerprint, root, *_ = (*mark.split("\0"), "", "", "", "")
    pid, _, started = header.partition("\0")[0].partition(" ")
    if not plugin or not pid.isdigit():
        return None
    reason, place, *_ = (*note.split("\0"), "")
    return Death(plugin, step, fingerprint, int(pid), float(started), reason, place, crash.strip("\0\n"), root)


def fingerprint_text(fingerprint: list[Any]) -> str:
    """A plugin's fingerprint in a few characters."""
    import zlib

    text = json.dumps(fingerprint).encode()
    return f"{zlib.crc32(text):08x}{zlib.adler32(text):08x}"
