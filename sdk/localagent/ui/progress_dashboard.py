"""Running workflows with their progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from localagent.ui.shapes import workflows
from localagent.ui.texts import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from localagent.plugins.workflow_status import WorkflowStatus

_NARROW = 60
"""Columns below which there is no room for bars and a frame."""
_STYLES = {"waiting": "dim", "running": "cyan", "done": "green", "failed": "red", "cancelled": "yellow"}
_MINUTE = 60


def progress_dashboard(data: Any, *, title: str = "Workflows") -> Dashboard:
    """Draw workflows, each with its state, a bar and what it is doing.

    Args:
        data: `WorkflowStatus` values, or mappings with their names.
        title: a line above.
    """
    return Dashboard(workflows(data), title)


class Dashboard:
    """Workflows as one picture, whose bars are as long as there is room for."""

    def __init__(self, statuses: Sequence[WorkflowStatus], title: str) -> None:
        self._statuses = statuses
        self._title = as_text(title, style="bold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._picture(options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._picture(options))

    def _picture(self, options: ConsoleOptions) -> RenderableType:
        if options.max_width < _NARROW:
            return Group(self._title, *self._lines())
        return Panel(self._grid() if self._statuses else Text("nothing runs", style="dim"), title=self._title)

    def _grid(self) -> Table:
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(ratio=2, overflow="fold")
        grid.add_column(no_wrap=True)
        grid.add_column(ratio=3)
        grid.add_column(justify="right", no_wrap=True)
        if any(each.phase for each in self._statuses):
            grid.add_column(ratio=2, overflow="fold")
        for each in self._statuses:
            style = _STYLES[each.state]
            bar = ProgressBar(total=100, completed=_percent(each), complete_style=style, finished_style=style)
            name, state = as_text(each.name, style="bold"), Text(each.state, style=style)
            cells: list[RenderableType] = [name, state, bar, Text(_told(each)), as_text(each.phase)]
            grid.add_row(*cells[: len(grid.columns)])
        return grid

    def _lines(self) -> Iterator[Text]:
        for each in self._statuses:
            yield Text.assemble(as_text(each.name), f" {_told(each)} ", (each.state, _STYLES[each.state]))
        if not self._statuses:
            yield Text("nothing runs", style="dim")


def _percent(status: WorkflowStatus) -> float:
    return min(max(status.progress, 0.0), 100.0)


def _told(status: WorkflowStatus) -> str:
    """Percent, and the time since it began as minutes and seconds."""
    percent = f"{_percent(status):.0f}%"
    if status.elapsed is None:
        return percent
    minutes, seconds = divmod(int(status.elapsed), _MINUTE)
    return f"{percent} {minutes}:{seconds:02}"
