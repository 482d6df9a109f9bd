"""What a plugin costs as a person reads it: a table, and a chart of how much of each budget is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent_cli import help_page, output
from localagent_cli.benching.figures import FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localagent_cli.benching.baseline import Verdict
    from localagent_cli.benching.running import Benched

_WIDTH = 30
"""Characters of a bar."""

_TITLE = max(len(figure.title) for figure in FIGURES)

_LEVELS = {True: "▁▂▃▄▅▆▇█", False: "_.-=+*#@"}
_BARS = {True: ("█", "░"), False: ("#", ".")}


def show_benched(benched: Benched, verdicts: Sequence[Verdict]) -> None:
    """Print the figures of a plugin, and the chart."""
    called = f"; called: {' '.join(benched.called)}" if benched.called else ""
    output.show_table(
        ("figure", "value", "budget", "baseline", "change", "result"),
        [_row(verdict) for verdict in verdicts],
        title=f"What {benched.plugin} costs{called}",
    )
    lines = [*_bars(verdicts), *_memory(benched.memory)]
    if lines:
        output.show()
    for line in lines:
        output.show(line)


def to_dict(benched: Benched, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The same as JSON values."""
    return {
        "plugin": benched.plugin,
        "called": list(benched.called),
        "figures": [
            {
                "key": verdict.figure.key,
                "title": verdict.figure.title,
                "unit": verdict.figure.unit,
                "value": verdict.value,
                "budget": verdict.budget,
                "baseline": verdict.before,
                "within_budget": verdict.is_within_budget,
                "regressed": verdict.has_regressed,
            }
            for verdict in verdicts
        ],
        "memory": list(benched.memory),
    }


def sparkline(values: Sequence[float], *, unicode: bool = True) -> str:
    """Values as one character each, from the lowest to the highest; values that hardly differ look alike."""
    levels, low = _LEVELS[unicode], min(values)
    span = max(max(values) - low, abs(low) / 100)
    return "".join(levels[int((value - low) / span * (len(levels) - 1))] if span else levels[0] for value in values)


def _row(verdict: Verdict) -> tuple[str, ...]:
    shown, before = verdict.figure.shown, verdict.before
    change = f"{(verdict.value - before) / before:+.0%}" if before else ""
    return (
        verdict.figure.title,
        shown(verdict.value),
        "" if verdict.budget is None else shown(verdict.budget),
        "" if before is None else shown(before),
        change,
        _result(verdict),
    )


def _result(verdict: Verdict) -> str:
    if not verdict.is_within_budget:
        return "failed: over budget"
    if verdict.has_regressed:
        return "failed: regressed"
    return "" if verdict.budget is None and verdict.before is None else "passed"


def _bars(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """For each figure with something to compare with: how much of that it is."""
    full, empty = _BARS[help_page.speaks_unicode()]
    for verdict in verdicts:
        allowed = verdict.budget or verdict.before
        if not allowed:
            continue
        share = verdict.value / allowed
        filled = min(round(share * _WIDTH), _WIDTH)
        bar = full * filled + empty * (_WIDTH - filled)
        yield f"{verdict.figure.title:<{_TITLE}} {bar} {share:.0%} of the {'budget' if verdict.budget else 'baseline'}"


def _memory(memory: Sequence[int]) -> Iterator[str]:
    if memory:
        line = sparkline(memory, unicode=help_page.speaks_unicode())
        title = f"memory over {len(memory)} rounds"
        yield f"{title:<{_TITLE}} {line} {memory[0] / 1e6:.1f} to {memory[-1] / 1e6:.1f} MB"
