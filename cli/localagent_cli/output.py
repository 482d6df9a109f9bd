"""What is printed: data on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from contextvars import ContextVar

from localagent.errors import PluginFailed, SystemProblem
from localagent_cli import streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from typing import Any

    from localagent.errors import LocalAgentError
    from localagent.services.redacting import Redactor
    from localagent_cli.streams import Answer

_LONG = 2000
"""Characters of a message that are shown; longer ones repeat what they were given."""


_redactor: ContextVar[Redactor | None] = ContextVar("redactor", default=None)


@contextlib.contextmanager
def masking(redactor: Redactor) -> Generator[None]:
    """Within, whatever is printed here shows ``***`` for the secrets that `redactor` knows."""
    token = _redactor.set(redactor)
    try:
        yield
    finally:
        _redactor.reset(token)


def show_json(value: Any) -> None:
    """Print `value` as JSON."""
    redactor = _redactor.get()
    show(json_text(value if redactor is None else redactor.redact_value(value)))


def json_text(value: Any) -> str:
    """`value` as JSON, in characters that standard output can say."""
    return json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode(), default=str)


def show(text: str = "") -> None:
    """Print a line of data.

    Raises:
        SystemProblem: standard output cannot be written, a reader that went away excepted.
    """
    _print(_masked(text))


class Pieces:
    """Data that are printed piece by piece, each at once; what may be the beginning of a secret waits for its end."""

    def __init__(self) -> None:
        from localagent.services.redacting import MaskedPieces, Redactor

        self._masked = MaskedPieces(_redactor.get() or Redactor())

    def show(self, piece: str) -> None:
        """Print a piece.

        Raises:
            SystemProblem: standard output cannot be written, a reader that went away excepted.
        """
        self._print(self._masked.next(piece))

    def end(self) -> None:
        """Print what waited.

        Raises:
            SystemProblem: as `show`.
        """
        self._print(self._masked.rest())

    def _print(self, text: str) -> None:
        if text:
            with writing():
                print(streams.sayable(text, _encoding(sys.stdout)), end="", flush=True)


def tell(text: str = "") -> None:
    """Print a line that is not data; where standard error cannot be written, it is lost."""
    streams.tell(_masked(text))


def show_answer(answer: Answer) -> int:
    """Print an answer as the quick way prints it, and give its exit code."""
    data, beside, code = answer
    if data is not None:
        show(data)
    for line in beside:
        tell(line)
    return code


class MaskedStream(io.TextIOBase):
    """A standard stream on which secrets are masked, and what it cannot say is said in the closest words.

    Args:
        stream: the stream.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override] # a plain attribute there
        """What the stream says its encoding is."""
        return _encoding(self._stream)

    def write(self, text: str, /) -> int:
        """Write text."""
        self._stream.write(streams.sayable(_masked(text), self.encoding))
        return len(text)

    def flush(self) -> None:
        """Write out what is held back."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return bool(self._stream.isatty())

    def fileno(self) -> int:
        """The stream's descriptor."""
        return int(self._stream.fileno())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal; to anything else than a terminal as wide as its content needs."""
    show(table_text(columns, rows, title=title))


def table_text(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> str:
    """A table as standard output can show it."""
    from localagent_cli import help_page, table

    is_terminal = sys.stdout.isatty()
    return table.render(
        columns,
        ([_masked(cell) for cell in row] for row in rows),
        title=title,
        width=max(help_page.terminal_width(), 1) if is_terminal else None,
        unicode=help_page.speaks_unicode(),
        colour=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
    )


def tell_error(error: LocalAgentError) -> None:
    """Print an error in at most two lines."""
    for line in error_lines(error):
        tell(line)


def error_lines(error: LocalAgentError) -> list[str]:
    """An error as it is told: what and where, then the way out."""
    rule = f"[{error.rule}]" if error.rule else ""
    # A plugin's name stands for the place where no file is known; a message that has it already says it once.
    is_named = f"'{error.plugin}'" in error.message
    place = "" if error.file is None and is_named else error.place
    if isinstance(error, PluginFailed) and not is_named:
        whose = f"{error.plugin} {error.version}".rstrip()
        place = whose if error.file is None else f"{place}: {whose}"
    # Masked first: a secret that is cut off would not be known any more.
    masked = _masked(error.message)
    message = masked if len(masked) <= _LONG else f"{masked[:_LONG]}..."
    lines = [f"error{rule}{f' {place}' if place else ''}: {message}"]
    return [*lines, f"fix: {error.fix}"] if error.fix else lines


def _print(text: str) -> None:
    with writing():
        print(streams.sayable(text, _encoding(sys.stdout)))


def _masked(text: str) -> str:
    redactor = _redactor.get()
    return text if redactor is None else redactor.redact(text)


@contextlib.contextmanager
def writing() -> Generator[None]:
    """Within, nothing but standard output is written.

    Raises:
        SystemProblem: it cannot be, a reader that went away excepted.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        streams.discard(sys.stdout)
        raise SystemProblem(f"{streams.CANNOT_WRITE}: {error.strerror}", fix=streams.MAKE_ROOM) from error


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _speaks_unicode() -> bool:
    return _encoding(sys.stdout).lower().replace("-", "") == "utf8"
