"""The live view of ``dev watch``: how each plugin stands now, in as few lines as that takes."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent_cli.watching.events import few, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rich.console import Console, RenderableType

    from localagent_cli.watching.events import Event

_FINDINGS = 5
_ERRORS = 3
_OUTPUT = 12
"""So many of the last lines are shown."""
_GOOD, _BAD, _FAINT = "green", "red", "dim"


@dataclass(slots=True)
class _Row:
    """One plugin.

    Attributes:
        life: which one it lives.
        state: what became of the last save, with the style to say it in.
        findings: what the rules found.
        tests: what came of the last tests, with the style to say it in.
    """

    life: int = 1
    state: tuple[str, str] = ("", "")
    findings: list[str] = field(default_factory=list)
    tests: tuple[str, str] = ("", "")


class Board:
    """What is shown; changed by events."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._errors: list[str] = []
        self._notes: list[str] = []
        self._output: list[str] = []

    def take(self, event: Event) -> None:
        """Show what happened."""
        data, row = event.data, self._row(event)
        match event.kind:
            case "debuggable":
                self._notes = lines_of(event)
            case "loaded":
                row.state = ("ready", _GOOD)
            case "saved":
                row.state = (f"saved {few(data['files'])}", _FAINT)
                self._errors.clear()
            case "reloaded":
                row.life, row.state = data["generation"], (f"took {data['ms']:.0f} ms", _GOOD)
            case "unloaded":
                row.state = ("its files are gone", _BAD)
            case "refused" | "failed" | "postponed":
                row.state = (f"stage {data['problem']['stage']}; the old code goes on", _BAD)
                if event.kind == "failed":
                    row.state = ("not loaded", _BAD)
                self._errors = [*self._errors, lines_of(event)[0]][-_ERRORS:]
            case "findings":
                row.findings = lines_of(event)[:_FINDINGS] if data["findings"] else []
            case "tested":
                row.tests = (data["summary"], _GOOD if data["passed"] else _BAD)
                self._errors = [*self._errors, *data["failures"]][-_ERRORS:]
            case "ran":
                self._output = lines_of(event)[-_OUTPUT:]
            case _:
                pass

    def _row(self, event: Event) -> _Row:
        """The row of a plugin; events of its folder are shown there, too."""
        name = event.plugin
        if event.kind in ("loaded", "failed", "reloaded"):
            self._rows.setdefault(name, _Row())
        if name in self._rows or not name:
            return self._rows.get(name, _Row())
        near = [known for known in self._rows if known in name or name in known]
        return self._rows[near[0]] if near else next(iter(self._rows.values()), _Row())

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for heading in ("plugin", "life", "last save", "tests"):
            table.add_column(heading, header_style="bold")
        for name, row in self._rows.items():
            table.add_row(name, str(row.life), Text(*row.state), Text(*row.tests))
        findings = [Text(line, "yellow") for row in self._rows.values() for line in row.findings]
        errors = [Text(line, _BAD) for line in self._errors]
        notes = [Text(line, _FAINT) for line in self._notes]
        printed = [Text(line) for line in self._output]
        return Group(table, *findings, *errors, *printed, *notes, Text("r reload   t all tests   q quit", _FAINT))


@contextlib.contextmanager
def board(console: Console | None = None) -> Generator[Callable[[Event], None]]:
    """A board on a terminal; gives what to tell of events."""
    from rich.live import Live

    shown = Board()
    with Live(shown, console=console, auto_refresh=False, transient=False) as live:

        def show(event: Event) -> None:
            shown.take(event)
            live.update(shown, refresh=True)

        yield show
