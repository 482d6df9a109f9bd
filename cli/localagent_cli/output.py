"""What is printed: data on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from localagent.errors import SystemProblem
from localagent_cli import streams

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from localagent.errors import LocalAgentError
    from localagent.services.redacting import Redactor

_WIDE = 200
"""Columns of a table that nobody reads on a screen."""
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
    if redactor is not None:
        value = redactor.redact_value(value)
    _print(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode(), default=str))


def show(text: str = "") -> None:
    """Print a line of data.

    Raises:
        SystemProblem: standard output cannot be written, a reader that went away excepted.
    """
    _print(_masked(text))


def tell(text: str = "") -> None:
    """Print a line that is not data; where standard error cannot be written, it is lost."""
    streams.tell(_masked(text))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal; to anything else than a terminal as wide as its content needs."""
    with _writing():
        _table(columns, rows, title)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_masked(cell)) for cell in row))
    console.print(table)


def tell_error(error: LocalAgentError) -> None:
    """Print an error in at most two lines: what and where, then the way out."""
    rule = f"[{error.rule}]" if error.rule else ""
    # A plugin's name stands for the place where no file is known; a message that has it already says it once.
    place = "" if error.file is None and f"'{error.plugin}'" in error.message else error.place
    # Masked first: a secret that is cut off would not be known any more.
    masked = _masked(error.message)
    message = masked if len(masked) <= _LONG else f"{masked[:_LONG]}..."
    tell(f"error{rule}{f' {place}' if place else ''}: {message}")
    if error.fix:
        tell(f"fix: {error.fix}")


def _print(text: str) -> None:
    with _writing():
        print(streams.sayable(text, _encoding(sys.stdout)))


def _masked(text: str) -> str:
    redactor = _redactor.get()
    return text if redactor is None else redactor.redact(text)


@contextlib.contextmanager
def _writing() -> Generator[None]:
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
