"""Text files that are whole at any moment: written beside, flushed, renamed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import SystemProblem

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

LOCK_PATIENCE = 5.0
"""Seconds a writer waits for another one."""


def write_text(file: Path, text: str) -> None:
    """Replace `file` by `text`; a reader sees the old or the new text, never a part.

    The file is readable by its owner only, from its first byte. A symbolic link is written through.

    Raises:
        SystemProblem: the folder or file cannot be written; the old text is intact.
    """
    try:
        target = _behind_links(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        import tempfile  # most runs write nothing

        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot_write(file, error) from error


def read_json(file: Path, *, default: Any) -> Any:
    """The JSON value in `file`, `default` where there is no such file.

    Raises:
        ValueError: the file is not JSON, or nested too deeply.
        SystemProblem: the file is there and cannot be read.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return default
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except OSError as error:
        raise SystemProblem(f"cannot read: {error.strerror}", file=file) from error


def write_json(file: Path, value: Any) -> None:
    """Replace `file` by `value` as readable JSON, as `write_text` does."""
    write_text(file, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def exclusively(file: Path) -> Generator[None]:
    """Hold the lock of `file` while reading, changing and writing it.

    Raises:
        SystemProblem: another process held the lock for longer than `LOCK_PATIENCE` seconds, or there is no place
            for the lock.
    """
    with _locked(file):
        _sweep(file)
        yield


def _locked(file: Path) -> AbstractContextManager[object]:
    """The lock of `file`, already taken; leaving it gives it back."""
    from filelock import FileLock, Timeout

    place = file.with_name(f".{file.name}.lock")
    lock = FileLock(place, timeout=LOCK_PATIENCE)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        taken = lock.acquire()
        # For who waits; where there is no room for it, the lock holds without.
        with contextlib.suppress(OSError):
            place.write_text(str(os.getpid()), encoding="ascii")
    except Timeout as error:
        raise SystemProblem(
            f"another process{_holder(place)} has been changing {file.name} for {LOCK_PATIENCE:.0f} seconds",
            file=file,
            fix="wait for it to end, then run the command again",
        ) from error
    except OSError as error:
        raise _cannot_write(file, error) from error
    return taken


def _holder(place: Path) -> str:
    """Which process wrote into a lock that it holds it; empty where none did."""
    try:
        pid = place.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return f" (pid {pid})" if pid.isdecimal() else ""


def _sweep(file: Path) -> None:
    """Remove what writers of `file` left that were killed: nobody is writing it while its lock is held."""
    target = Path(os.path.realpath(file))
    for stray in target.parent.glob(f".{target.name}.*.new"):
        with contextlib.suppress(OSError):
            stray.unlink()


def _behind_links(file: Path) -> Path:
    """The file that `file` stands for once its links are followed."""
    target = Path(os.path.realpath(file))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _cannot_write(file: Path, error: OSError) -> SystemProblem:
    return SystemProblem(
        f"cannot write: {error.strerror}", file=file, fix=f"make {file.parent} writable, or choose another --home"
    )
