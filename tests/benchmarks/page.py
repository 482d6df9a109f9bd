"""The page of a run's figures, and its plots beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.areas import CURVES, row_of
from benchmarks.figures import Figures, RowFigures

_INTRODUCTION = """\
# What it costs

Each row is a ratio of CPU time (where it says so, of time that passes), both sides measured in turns in one run, so
that it means the same on another machine. The interval is the 95 % bootstrap interval of the median; a row is missed
when its lower bound exceeds the goal, and in doubt when the median does and the lower bound does not. This page was
written by `nox -s bench -- --page docs/performance.md`. Generated distributions take part: up to 1000 plugins, light
ones and such whose import takes 20 ms, with a manifest and without.
"""
_PLOTS = {
    "commands": ("What a start costs with so many plugins", "No plugin is imported but the one whose command it is."),
    "peers": (
        "Listing plugins, and loading all of them",
        """\
The others import every plugin at every start and do not know before what it offers. So these are the costs of what each
needs before its help page can name all commands, not of the same work.""",
    ),
}
_NOBODY_KNOWS = "Nobody has found out why yet."

Points = Mapping[int, float]


def write_page(figures: Figures, file: Path) -> None:
    """Write the page, and the plots into the folder ``plots`` beside it."""
    from benchmarks.plots import plot_goals, plot_growth  # what draws is there where pages are written

    folder = file.parent / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    held = _held(figures)
    if held:
        plot_goals(held, folder / "goals.svg")
    for plot, (title, _) in _PLOTS.items():
        curves = curves_of(figures, plot)
        if curves:
            plot_growth(curves, title, folder / f"{plot}.svg")
    file.write_text(page_text(figures), encoding="utf-8")


def page_text(figures: Figures) -> str:
    """The page, as Markdown that names its plots in the folder ``plots``."""
    lines = [_INTRODUCTION, "## Against the goals", "", *table(figures.rows), ""]
    held = _held(figures)
    if held:
        lines += [f"![{len(held)} rows in parts of their goals, as in the table above](plots/goals.svg)", ""]
    for plot, (title, words) in _PLOTS.items():
        curves = curves_of(figures, plot)
        if curves:
            lines += [f"## {title}", "", words, "", f"![{title}](plots/{plot}.svg)", "", *_growth(curves), ""]
    lines += [*_shortfalls(figures), "## Times", "", *times(figures), "", "## The machine", "", *facts(figures)]
    return "\n".join(lines) + "\n"


def curves_of(figures: Figures, plot: str) -> dict[str, Points]:
    """The curves of one plot by name, in seconds; those that were not measured are left out."""
    found: dict[str, Points] = {}
    for area, curves in CURVES.items():
        for curve in curves:
            keys = {count: f"{area}: {name}" for count, name in curve.contestants.items()}
            points = {count: figures.seconds[key] for count, key in keys.items() if key in figures.seconds}
            if curve.plot == plot and points:
                found[curve.name] = points
    return found


def table(rows: tuple[RowFigures, ...]) -> Iterator[str]:
    """The rows as a table in Markdown."""
    yield "| what | ratio | 95 % | goal | |"
    yield "|---|---|---|---|---|"
    for row in rows:
        goal = "" if row.goal is None else f"≤ {row.goal:.3g}"
        if row.ratio is None:
            yield f"| {row.what} | | | {goal} | not measured: the peer is not installed |"
        else:
            yield f"| {row.what} | {row.ratio:.3f} | {row.low:.3f} to {row.high:.3f} | {goal} | {_verdict(row)} |"


def _verdict(row: RowFigures) -> str:
    if row.goal is None:
        return ""
    return "MISSED" if row.missed else "in doubt" if row.is_doubtful else "ok"


def times(figures: Figures) -> Iterator[str]:
    """The median of each contestant, as a list."""
    return (f"- {name}: {seconds * 1000:.1f} ms" for name, seconds in figures.seconds.items())


def facts(figures: Figures) -> Iterator[str]:
    """What the figures depend on, as a list."""
    return (f"- {name}: {_text(value)}" for name, value in figures.facts.items())


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _held(figures: Figures) -> list[RowFigures]:
    """The rows that are held against a goal."""
    return [row for row in figures.rows if row.goal is not None and row.ratio is not None]


def _growth(curves: dict[str, Points]) -> Iterator[str]:
    """What the plot shows, in figures."""
    counts = sorted({count for points in curves.values() for count in points})
    yield f"| ms of CPU time, plugins | {' | '.join(map(str, counts))} |"
    yield f"|---|{'---|' * len(counts)}"
    for name, points in curves.items():
        cells = (f"{points[count] * 1000:.1f}" if count in points else "" for count in counts)
        yield f"| {name} | {' | '.join(cells)} |"


def _shortfalls(figures: Figures) -> Iterator[str]:
    """Each goal that is missed, or asks for less than it did: what was reached, why, and what would have to change."""
    short = [row for row in figures.rows if row.missed or _falls_short(row)]
    if not short:
        return
    yield "## Goals that are not reached"
    yield ""
    for row in short:
        known = row_of(row.area, row.what)
        goal = known.asked if known and known.asked is not None else row.goal
        yield f"### {row.what[:1].upper()}{row.what[1:]}"
        yield ""
        yield f"Reached: {row.ratio:.3f}, in the interval {row.low:.3f} to {row.high:.3f}."
        yield f"Asked for: at most {goal:.3g}."
        if goal != row.goal:
            yield f"Held against: at most {row.goal:.3g}."
        yield ""
        if known and known.shortfall:
            yield f"Why: {known.shortfall.why}"
            yield ""
            yield f"What would have to change: {known.shortfall.change}"
        else:
            yield _NOBODY_KNOWS
        yield ""


def _falls_short(row: RowFigures) -> bool:
    known = row_of(row.area, row.what)
    return bool(known and known.asked is not None and row.ratio is not None and row.low > known.asked)
