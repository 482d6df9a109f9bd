"""The figures of a run, as values and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Result, Row


@dataclass(frozen=True, slots=True)
class RowFigures:
    """A row as it came out.

    Attributes:
        area: where the row is from.
        ratio: what was reached; None where somebody whom it needs did not take part.
        low: the lower end of the ratio's 95 % interval.
        high: its upper end.
    """

    area: str
    what: str
    goal: float | None = None
    ratio: float | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def missed(self) -> bool:
        """Whether the goal is exceeded beyond doubt."""
        return self.goal is not None and self.ratio is not None and self.low > self.goal

    @property
    def is_doubtful(self) -> bool:
        """Whether the goal is exceeded, but not by more than the machine's unrest explains."""
        return self.goal is not None and self.ratio is not None and self.low <= self.goal < self.ratio


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a run found out.

    Attributes:
        rows: in the order of the table.
        seconds: the median of each contestant, by area and name as ``area: name``.
        facts: what the figures depend on: rounds, load, versions.
    """

    rows: tuple[RowFigures, ...]
    seconds: Mapping[str, float]
    facts: Mapping[str, Any]


def measured(area: str, result: Result) -> RowFigures:
    """A row that was measured."""
    return RowFigures(area, result.row.what, result.row.goal, result.ratio, result.low, result.high)


def unmeasured(area: str, row: Row) -> RowFigures:
    """A row that was not measured."""
    return RowFigures(area, row.what, row.goal)


def write_figures(figures: Figures, file: Path) -> None:
    """The figures as a JSON file."""
    rows = [{**asdict(row), "missed": row.missed} for row in figures.rows]
    told = {"rows": rows, "seconds": dict(figures.seconds), "facts": dict(figures.facts)}
    file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def read_figures(file: Path) -> Figures:
    """The figures that `write_figures` wrote."""
    told = json.loads(file.read_text(encoding="utf-8"))
    rows = (RowFigures(**{key: value for key, value in row.items() if key != "missed"}) for row in told["rows"])
    return Figures(tuple(rows), told["seconds"], told["facts"])
