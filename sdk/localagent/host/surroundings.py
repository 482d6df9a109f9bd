"""What plugins share with the host's process and may change by mistake: working folder, signal handlers, streams."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from localagent.host.audited import before
from localagent.host.deadlines import handler_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

_WATCHED = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGQUIT") if hasattr(signal, name)
]
_LOG_LIMIT = 1_000_000
"""Bytes of captured output after which a log begins anew; the one before is kept beside it."""
_HALF = 200_000
"""Bytes that are kept of what is captured at a time, as many from its beginning as from its end."""


class Surroundings:
    """Working folder, signal handlers, streams and log handlers as they are before plugin code runs."""

    __slots__ = ("_earlier", "_handlers", "_log_handlers", "_streams")

    def __init__(self) -> None:
        self._earlier = begin_watching()
        self._handlers = tuple(map(handler_of, _WATCHED))
        self._streams: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
        self._log_handlers = tuple(logging.root.handlers)
        _keep_spares()

    def restore(self, left: str | None = None) -> None:
        """Put back what is different now.

        Args:
            left: the working folder to go back to, where it was left at an earlier time.
        """
        left = end_watching(self._earlier) or left
        if left is not None:
            go_back_to(left)
        if tuple(map(handler_of, _WATCHED)) != self._handlers:
            self._restore_handlers()
        put_back(self._streams)
        if tuple(logging.root.handlers) != self._log_handlers:
            logging.root.handlers[:] = self._log_handlers

    def _restore_handlers(self) -> None:
        for number, handler in zip(_WATCHED, self._handlers, strict=True):
            if handler_of(number) is not handler:
                _set_handler(number, handler)


def put_back(streams: tuple[TextIO, TextIO]) -> None:
    """Make `streams` standard output and error again if they were replaced or closed."""
    stdout, stderr = streams
    # Asked of each slice of each agent: the names are looked up here, without a call for each.
    is_closed = getattr(stdout, "closed", False) is True or getattr(stderr, "closed", False) is True
    if is_closed or sys.stdout is not stdout or sys.stderr is not stderr:
        sys.stdout, sys.stderr = _usable(1, stdout), _usable(2, stderr)


def _keep_spares() -> None:
    """Keep copies of descriptors 1 and 2, once: closing ``sys.stdout`` closes its descriptor with it."""
    if not _spares:
        _spares.update({number: _duplicate(number) for number in (1, 2)})


def _is_closed(stream: TextIO | None) -> bool:
    return getattr(stream, "closed", False) is True


def _usable(number: int, stream: TextIO) -> TextIO:
    """`stream`, or where it was closed a new one on the descriptor that it had."""
    spare = _spares.get(number)
    if not _is_closed(stream) or spare is None:
        return stream
    os.dup2(spare, number)
    return _reopened(number, stream)


_spares: dict[int, int | None] = {}


def begin_watching() -> str | None:
    """From now on a first change of the working folder is noted; asking for the folder each time would cost more.

    Returns:
        What `end_watching` wants to know of the watch around this one.
    """
    if not _left.is_watched:
        _left.is_watched = True
        before("os.chdir", _left.note)
    earlier, _left.folder = _left.folder, None
    return earlier


def end_watching(earlier: str | None) -> str | None:
    """The folder that was left in the meantime, None if nobody moved."""
    left, _left.folder = _left.folder, earlier
    return left


class _Left:
    """The working folder that was left since the innermost watch began; None while nobody moved."""

    __slots__ = ("folder", "is_watched")

    def __init__(self) -> None:
        self.folder: str | None = None
        self.is_watched = False

    def note(self) -> None:
        """Called before the working folder changes."""
        if self.folder is None:
            with contextlib.suppress(OSError):
                self.folder = str(Path.cwd())


_left = _Left()


def go_back_to(folder: str) -> None:
    """Make `folder` the working folder again, if it is still there; nobody has moved by that."""
    earlier = _left.folder
    with contextlib.suppress(OSError):
        os.chdir(folder)
    _left.folder = earlier


@contextlib.contextmanager
def captured(log_file: Path, redact: Callable[[str], str] = str) -> Generator[int]:
    """Within, what is written to standard output and error goes to the end of `log_file`; gives the real fd 2.

    Afterwards `redact` masks the secrets in what was written.

    File descriptors are redirected, so that C code and child processes are captured too. Where ``sys.stdout`` is not
    descriptor 1, as in tests, a stream stands in for it that keeps on working when a plugin holds on to it. Streams
    that a plugin closed or replaced are put back.
    """
    _keep_spares()
    streams: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
    log = _open_log(log_file)
    began = os.fstat(log).st_size
    saved = tuple(map(_duplicate, (1, 2)))
    stand_ins = [_StandIn(stream, log) for stream in streams]
    _flush(streams)
    for number in (1, 2):
        os.dup2(log, number)
    sys.stdout, sys.stderr = (
        stream if _descriptor(stream) == number else stand_in
        for number, stream, stand_in in zip((1, 2), streams, stand_ins, strict=True)
    )
    try:
        yield saved[1] if saved[1] is not None else log
    finally:
        _flush((*streams, sys.stdout, sys.stderr))
        for number, copy in zip((1, 2), saved, strict=True):
            _give_back(number, copy)
        sys.stdout, sys.stderr = (_reopened(number, stream) for number, stream in zip((1, 2), streams, strict=True))
        for stand_in in stand_ins:
            stand_in.pass_on()
        _shorten(log, began)
        _mask(log, began, redact)
        _close_log(log, log_file)


class _StandIn:
    """A text stream that writes to the log, and later to the stream it stands for."""

    def __init__(self, stream: TextIO, log: int) -> None:
        self._stream = stream
        self._log: int | None = log

    def pass_on(self) -> None:
        self._log = None

    def write(self, text: str) -> int:
        if self._log is None:
            return self._stream.write(text)
        os.write(self._log, text.encode(errors="backslashreplace"))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def close(self) -> None:
        """Do nothing: the stream belongs to the host."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _set_handler(number: int, handler: Any) -> None:
    """Set a handler back; one that was not set from Python cannot be, and threads other than the main one may not."""
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(number, handler)


def _open_log(log_file: Path) -> int:
    """The log opened for appending; the null device where there is no place for it."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if log_file.stat().st_size > _LOG_LIMIT:
                log_file.replace(log_file.with_name(f"{log_file.name}.1"))
        return os.open(log_file, flags, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_RDWR)


def _shorten(log: int, began: int) -> None:
    """Leave the middle out of what the log has from `began` on, if that is too much."""
    too_many = os.fstat(log).st_size - began - 2 * _HALF
    if too_many > 0:
        first, last = os.pread(log, _HALF, began), os.pread(log, _HALF, began + _HALF + too_many)
        os.ftruncate(log, began)
        os.write(log, b"".join((first, _left_out(too_many).encode(), last)))


def shortened(text: str) -> str:
    """A text of captured output without its middle, if it is too long."""
    too_many = len(text) - 2 * _HALF
    return text if too_many <= 0 else "".join((text[:_HALF], _left_out(too_many), text[-_HALF:]))


def _left_out(number: int) -> str:
    return f"\n... {number} characters are left out here ...\n"


def _mask(log: int, began: int, redact: Callable[[str], str]) -> None:
    """Write again what the log has from `began` on, if there are secrets in it."""
    if os.fstat(log).st_size <= began:
        return
    text = os.pread(log, os.fstat(log).st_size - began, began).decode(errors="surrogateescape")
    if (masked := redact(text)) != text:
        os.ftruncate(log, began)
        os.write(log, masked.encode(errors="surrogateescape"))


def _close_log(log: int, log_file: Path) -> None:
    """Close the log, and take it away if nothing was ever written."""
    os.close(log)
    with contextlib.suppress(OSError):
        if log_file.stat().st_size == 0:
            log_file.unlink()


def _duplicate(number: int) -> int | None:
    try:
        return os.dup(number)
    except OSError:
        return None


def _give_back(number: int, copy: int | None) -> None:
    if copy is None:
        os.close(number)
    else:
        os.dup2(copy, number)
        os.close(copy)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _flush(streams: tuple[TextIO | _StandIn, ...]) -> None:
    for stream in streams:
        # Closed, replaced by something else, or never there, as in a process without a console.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _reopened(number: int, stream: TextIO) -> TextIO:
    """`stream`, or a new one on its descriptor where a plugin closed it."""
    if not getattr(stream, "closed", False):
        return stream
    return open(number, "w", encoding=stream.encoding, errors=stream.errors, closefd=False)
