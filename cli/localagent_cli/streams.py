"""Standard streams that can be written to whatever they are: closed, full, without a reader, in a poor encoding."""

from __future__ import annotations

import codecs
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Answer = tuple[str | None, Sequence[str], int]
    """The data to print, if any; the lines beside them for standard error; the exit code."""

NO_ROOM = 5
"""The exit code where standard output could not be written."""
CANNOT_WRITE = "cannot write to standard output"
MAKE_ROOM = "make room, or send the output elsewhere"
_CLOSEST = "localagent-closest"
_PLAIN = {
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛┡┩╇", "+"),
    **dict.fromkeys("─━═", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("•·●", "*"),
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
    **dict.fromkeys("“”", '"'),
    "→": "->",
    "←": "<-",
    "↓": "v",
    "↑": "^",
    "…": "...",
    "\N{EN DASH}": "-",
    "—": "--",
    "✓": "ok",
    "✔": "ok",
    "✗": "x",
    "✘": "x",
    "⚠": "!",
    "\N{NO-BREAK SPACE}": " ",
}


def prepare() -> None:
    """Make the process's streams safe; for the start of a process that is LocalAgent's own.

    A closed stream becomes one that nobody reads, since the next file that is opened would get its number. What an
    encoding cannot say is said in the closest words that it can.
    """
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]  # closed by the caller
        _open_closed()
    codecs.register_error(_CLOSEST, closest)
    stdout: Any = sys.stdout
    if isinstance(stdout, io.TextIOWrapper) and stdout.fileno() == 1:
        sys.stdout = _noting(stdout)


class _NotingFile(io.FileIO):
    """A file that remembers why it could not be written, since plugins meet that error first."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            _NotingFile.failure = error
            raise


def _noting(stream: Any) -> io.TextIOWrapper:
    """A stream like `stream`, on the same descriptor."""
    file = _NotingFile(stream.fileno(), "w", closefd=False)
    # Written through means that PYTHONUNBUFFERED asks for nothing in between.
    return io.TextIOWrapper(
        file if stream.write_through else io.BufferedWriter(file),
        encoding=stream.encoding,
        errors=_CLOSEST,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def closest(error: UnicodeError) -> tuple[str | bytes, int]:
    """The error handler of standard output: symbols become ASCII, bytes of a file name stay, the rest is ``?``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    char = error.object[error.start]
    if "\udc80" <= char <= "\udcff":
        return bytes([ord(char) - 0xDC00]), error.start + 1
    return _PLAIN.get(char, "?"), error.start + 1


def answer(data: str | None, beside: Sequence[str] = (), code: int = 0) -> int:
    """Print data and the lines beside them, and write them out; the exit code."""
    try:
        if data is not None:
            print(sayable(data, getattr(sys.stdout, "encoding", None) or "utf-8"))
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        return _refused(error)
    for line in beside:
        tell(line)
    return settle(code)


def tell(text: str) -> None:
    """Print a line on standard error; where that cannot be written, it is lost."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr)
    except (OSError, ValueError):
        # Full, without a reader, or closed by a plugin: there is no other place to say so.
        discard(sys.stderr)


def sayable(text: str, encoding: str) -> str:
    """`text` as it can be said in `encoding`."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        codecs.register_error(_CLOSEST, closest)
        return text.encode(encoding, _CLOSEST).decode(encoding, "replace")
    return text


def settle(code: int) -> int:
    """The exit code after standard output was written out: `code`, or 5 where it could not be.

    A reader that went away, as ``head`` does, is no failure. Afterwards nothing is left for the interpreter to write.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as error:
        return _refused(error)
    except ValueError:
        # A plugin closed it, having written what it wanted.
        return code
    return code


def failure() -> OSError | None:
    """Why standard output could not be written so far; None if it could, or if only its reader went away."""
    return None if isinstance(_NotingFile.failure, BrokenPipeError) else _NotingFile.failure


def discard(stream: Any) -> None:
    """Let everything that is still written to `stream` vanish."""
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):
        # Not a file: somebody's buffer, which goes on.
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def reader_is_gone() -> bool:
    """Whether nobody reads standard output any more."""
    import select

    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        return False
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def _refused(error: OSError) -> int:
    discard(sys.stdout)
    tell(f"error: {CANNOT_WRITE}: {error.strerror}\nfix: {MAKE_ROOM}")
    return NO_ROOM


def _open_closed() -> None:
    """Open the numbers 0 to 2 where they are closed, and the streams that Python made of them."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - the standard numbers
        pass
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole process
