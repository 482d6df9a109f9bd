"""What became of the pieces, as lines, a table and JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from soak.keeping import Kept
from soak.pieces import Piece
from soak.running import Outcome

MOST = "most "
"""What the name of a figure begins with whose largest value counts; others are summed up."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of a piece.

    Attributes:
        piece: the long form.
        outcomes: of its tests that ran, now or before.
        ran: whether any of it ran just now.
    """

    piece: Piece
    outcomes: tuple[Outcome, ...]
    ran: bool

    @property
    def verdict(self) -> str:
        """``ok``, ``kept`` where it was so before, ``FAILED``, ``skipped`` or how many tests are left."""
        states = {outcome.outcome for outcome in self.outcomes}
        left = len(self.piece.tests) - len(self.outcomes)
        if "failed" in states:
            return "FAILED"
        if left:
            return "not run" if not self.outcomes else f"{left} left"
        return "skipped" if "skipped" in states else "ok" if self.ran else "ok, kept"

    @property
    def seconds(self) -> float:
        """How long its tests took, one after another."""
        return sum(outcome.seconds for outcome in self.outcomes)

    @property
    def figures(self) -> dict[str, float]:
        """What its tests recorded, taken together."""
        together: dict[str, float] = {}
        for name, value in (pair for outcome in self.outcomes for pair in outcome.figures.items()):
            before = together.get(name, 0)
            together[name] = max(before, value) if name.startswith(MOST) else before + value
        return together

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        tests = {each.test: {"outcome": each.outcome, "seconds": each.seconds} for each in self.outcomes}
        about = {"piece": self.piece.name, "function": self.piece.function, "result": self.verdict}
        return {**about, "seconds": round(self.seconds, 3), "figures": self.figures, "tests": tests}


def table(results: Iterable[Result]) -> Iterator[str]:
    """All pieces, as Markdown."""
    yield "| piece | result | seconds | figure |"
    yield "|---|---|---|---|"
    for each in results:
        yield f"| {each.piece.name} | {each.verdict} | {each.seconds:.1f} | {shown(each)} |"


def shown(result: Result) -> str:
    """The figures of a piece in one line; how many of its tests passed where it has none."""
    passed = sum(outcome.outcome == "passed" for outcome in result.outcomes)
    figures = [_figure(name, value) for name, value in result.figures.items()]
    return ", ".join(figures) or f"{passed} of {len(result.piece.tests)} tests"


def _figure(name: str, value: float) -> str:
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{name} {number}" if name.startswith(MOST) else f"{number} {name}"


def listing(pieces: Sequence[Piece], kept: Kept) -> Iterator[str]:
    """Which pieces there are, what of them is kept, and how long they took the last time, as Markdown."""
    yield "| piece | tests | passed | last time |"
    yield "|---|---|---|---|"
    for each in pieces:
        passed = sum(test in kept.found for test in each.tests)
        yield f"| {each.name} | {len(each.tests)} | {passed} | {span(kept.expected(each.tests))} |"


def span(seconds: float | None) -> str:
    """A time to read; a question mark where none is known."""
    if seconds is None:
        return "?"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 120 else f"{seconds:.0f} s"
