"""A few facts in a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from localagent.ui.shapes import facts
from localagent.ui.texts import as_string, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

_NARROW = 28
"""Columns below which a frame takes more than it gives, unless all fits into it."""
_FRAME = 4


def status_panel(data: Any, *, title: str = "Status") -> StatusPanel:
    """Draw a mapping as lines ``key  value`` in a frame.

    Args:
        data: the facts by name.
        title: a line above.
    """
    return StatusPanel(facts(data), title)


class StatusPanel:
    """Facts as one picture, without the frame where there is no room for it."""

    def __init__(self, data: Mapping[str, Any], title: str) -> None:
        self._facts = data
        self._title = as_text(title, style="bold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._picture(console, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._picture(console, options))

    def _picture(self, console: Console, options: ConsoleOptions) -> RenderableType:
        natural = Measurement.get(console, options.update(max_width=_NARROW), self._grid()).maximum + _FRAME
        if options.max_width < min(natural, _NARROW):
            return Group(self._title, *(self._line(key) for key in self._facts))
        return Panel(self._grid(), title=self._title, border_style="green", expand=False)

    def _line(self, key: str) -> Text:
        return Text.assemble((f"{as_string(key)}: ", "bold"), as_text(self._facts[key]), overflow="fold")

    def _grid(self) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold")
        grid.add_column(overflow="fold")
        for key, value in self._facts.items():
            grid.add_row(as_text(key, style="bold"), as_text(value))
        return grid
