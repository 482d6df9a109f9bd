"""What is printed: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.errors import LocalAgentError

_WIDE = 200
"""Columns of a table that nobody reads on a screen."""


def show_json(value: Any) -> None:
    """Print `value` as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode(), default=str))


def show(text: str = "") -> None:
    """Print a line of data."""
    print(_sayable(text, sys.stdout))


def tell(text: str = "") -> None:
    """Print a line that is not data."""
    print(_sayable(text, sys.stderr), file=sys.stderr)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal; to anything else than a terminal as wide as its content needs."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def tell_error(error: LocalAgentError) -> None:
    """Print an error in at most two lines: what and where, then the way out."""
    rule = f"[{error.rule}]" if error.rule else ""
    # A plugin's name stands for the place where no file is known; a message that has it already says it once.
    place = "" if error.file is None and f"'{error.plugin}'" in error.message else error.place
    tell(f"error{rule}{f' {place}' if place else ''}: {error.message}")
    if error.fix:
        tell(f"fix: {error.fix}")


def _sayable(text: str, stream: Any) -> str:
    """`text` with what the stream's encoding cannot say replaced."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _speaks_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
