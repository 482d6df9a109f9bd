"""Rows as a table; below each other where the columns would be too narrow to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from localagent.ui.shapes import rows
from localagent.ui.texts import as_string, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

_NARROWEST = 6
"""Columns a cell needs to be readable."""
_BORDER = 3


def data_table(data: Any, *, title: str = "", columns: Sequence[str] | None = None) -> DataTable:
    """Draw a list of mappings as a table.

    Args:
        data: the rows; what a row lacks stays empty.
        title: a line above.
        columns: the keys to show, in this order; by default all, in the order in which the rows bring them.
    """
    return DataTable(rows(data), title, columns)


class DataTable:
    """A table that knows how wide it may be only when it is drawn."""

    def __init__(self, data: Sequence[Mapping[str, Any]], title: str, columns: Sequence[str] | None) -> None:
        self._rows = data
        self._title = as_text(title, style="bold")
        self._keys = (
            [columns] if isinstance(columns, str) else list(columns or dict.fromkeys(k for r in data for k in r))
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._rows:
            yield Group(*self._head(), Text("no rows", style="dim"))
        elif options.max_width < len(self._keys) * (_NARROWEST + _BORDER) + 1:
            yield Group(*self._head(), *self._stacked())
        else:
            yield self._grid()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._grid() if self._rows else "no rows")

    def _head(self) -> list[Text]:
        return [self._title] if self._title.plain else []

    def _grid(self) -> Table:
        table = Table(title=self._title if self._title.plain else None, title_justify="left")
        for key in self._keys:
            numeric = all(_is_number(row.get(key)) for row in self._rows)
            table.add_column(as_text(key, style="bold"), justify="right" if numeric else "left", overflow="fold")
        for row in self._rows:
            table.add_row(*(as_text(row.get(key)) for key in self._keys))
        return table

    def _stacked(self) -> Iterator[Text]:
        for position, row in enumerate(self._rows):
            if position:
                yield Text()
            for key in self._keys:
                if row.get(key) is not None:
                    yield Text.assemble((f"{as_string(key)}: ", "bold"), as_text(row[key]), overflow="fold")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
