"""A dashboard of log lines: how much each plugin has to say, and what went wrong last."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard

from localagent import ConfigurablePlugin, UIPlugin, UnfitData
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

LEVELS = ("info", "warning", "error")
STYLES = {"info": "dim", "warning": "yellow", "error": "red"}
HOST = "(host)"
WANTED = 'the lines of logs/localagent.jsonl, such as {"level": "warning", "event": "slow", "plugin": "notes"}'


@dataclass(frozen=True)
class Line:
    """One log line; what it does not say is empty, and `level` is one of `LEVELS`."""

    level: str
    event: str
    plugin: str
    time: str


@dataclass
class Summary:
    """What lines say all together: how many of which level there are of each plugin, and what went wrong, in order."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Take one more line into account."""
        self.counts.setdefault(line.plugin, Counter())[line.level] += 1
        if line.level != "info":
            self.wrong.append(line)

    @property
    def total(self) -> int:
        """How many lines there were."""
        return sum(counted.total() for counted in self.counts.values())


def lines_in(data: Any) -> Iterator[Line]:
    """The log lines in `data`, the text of a log file or a list of mappings.

    Raises:
        UnfitData: it is neither; carries the line where it is not.
    """
    records = enumerate(data.splitlines(), 1) if isinstance(data, str) else enumerate(listed(data), 1)
    for number, record in records:
        try:
            fields = json.loads(record) if isinstance(record, str) else record
        except ValueError as problem:
            raise UnfitData("this is no log line", wanted=WANTED, line=number) from problem
        if not is_mapping(fields):
            raise UnfitData("this is no log line", wanted=WANTED, line=number)
        yield line_of(fields)


def line_of(fields: Mapping[str, Any]) -> Line:
    """The log line that a mapping describes."""
    level = str(fields.get("level", "info"))
    return Line(
        level="error" if level == "critical" else level if level in LEVELS else "info",
        event=str(fields.get("event", "")),
        plugin=str(fields.get("plugin") or HOST),
        time=clock_time(str(fields.get("timestamp", ""))),
    )


def clock_time(stamp: str) -> str:
    """Hours, minutes and seconds of a time in ISO 8601; empty where it is none."""
    try:
        return f"{datetime.fromisoformat(stamp):%H:%M:%S}"
    except ValueError:
        return ""


def listed(data: Any) -> list[Any]:
    """A list, which data have to be where they are no text."""
    if not isinstance(data, list):
        raise UnfitData("these are no log lines", wanted=WANTED)
    return [*data]


def is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is what JSON calls an object."""
    return isinstance(value, Mapping)


class LogBoardPlugin(ConfigurablePlugin, UIPlugin):
    """Adds the component log_board."""

    name = "log-board"
    version = "1.0.0"
    description = "A dashboard of what LocalAgent and its plugins logged"

    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """The component by its name."""
        return {"log_board": self.log_board}

    def log_board(self, data: Any, title: str = "Log", *, plugin: str = "") -> RenderableType:
        """Log lines, counted by plugin, with the last that tell of something wrong; `plugin` leaves out all others."""
        summary = Summary()
        for line in lines_in(data):
            if plugin in ("", line.plugin):
                summary.add(line)
        parts = [self.counted(summary), self.last(summary)] if summary.total else [Text("nothing was logged", "dim")]
        return Panel(Group(*parts), title=Text(f"{title} ({summary.total})"), expand=False)

    def counted(self, summary: Summary) -> RenderableType:
        """How many lines there are of each plugin, those with most errors first."""
        table = Table("Plugin", *(level.capitalize() for level in LEVELS), box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        for name, counts in sorted(summary.counts.items(), key=lambda item: (-item[1]["error"], item[0])):
            cells = (Text(str(counts[level]), STYLES[level] if counts[level] else "dim") for level in LEVELS)
            table.add_row(Text(name), *cells)
        return table

    def last(self, summary: Summary) -> RenderableType:
        """The last lines that tell of something wrong."""
        shown = summary.wrong[-self.config["recent"] :]
        if not shown:
            return Text("\nnothing went wrong", "green")
        table = Table.grid(padding=(0, 1))
        for line in shown:
            table.add_row(line.time, Text(line.level, STYLES[line.level]), Text(line.plugin), Text(line.event))
        return Group(Text(""), table)
