"""Plots of a run's figures: SVG files whose bytes depend on nothing but the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.figures import RowFigures
from benchmarks.page import Points

_NOTHING_OF_THE_MOMENT = {"Date": None, "Creator": None}
_MISSED, _DOUBTFUL, _REACHED = "#c0392b", "#c9a227", "#2e7d5b"


def plot_growth(curves: Mapping[str, Points], title: str, file: Path) -> None:
    """Lines of milliseconds over numbers of plugins."""
    with _style():
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.add_subplot()
        for name, points in curves.items():
            axes.plot(list(points), [1000 * seconds for seconds in points.values()], marker="o", label=name)
        counts = sorted({count for points in curves.values() for count in points})
        # Nothing is a number of plugins too, so the scale is a logarithm from one plugin on.
        axes.set_xscale("symlog", linthresh=1, linscale=0.4)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.set(title=title, xlabel="plugins", ylabel="ms of CPU time")
        axes.grid(visible=True, which="both", axis="y", alpha=0.25)
        figure.legend(frameon=False, loc="outside right upper", fontsize=8)
        _write(figure, file)


def plot_goals(rows: Sequence[RowFigures], file: Path) -> None:
    """Bars of ratios in parts of their goals, with intervals; what goes past the line at 1 is missed or in doubt."""
    with _style():
        figure = Figure(figsize=(7, 0.6 + 0.26 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        for place, row in enumerate(reversed(rows)):
            assert row.goal is not None
            assert row.ratio is not None
            low, ratio, high = (max(each / row.goal, 0.0) for each in (row.low, row.ratio, row.high))
            color = _MISSED if row.missed else _DOUBTFUL if row.is_doubtful else _REACHED
            axes.barh(place, ratio, color=color, alpha=0.8)
            axes.plot([low, high], [place, place], color="black", linewidth=1)
        axes.set_yticks(range(len(rows)), [row.what for row in reversed(rows)], fontsize=7)
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set(xlabel="ratio in parts of its goal, with the 95 % interval")
        axes.margins(y=0.01)
        _write(figure, file)


def _style() -> AbstractContextManager[None]:
    """Names that are the same each time, and texts as texts."""
    return rc_context({"svg.hashsalt": "localagent", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False})


def _write(figure: Figure, file: Path) -> None:
    figure.savefig(file, format="svg", metadata=_NOTHING_OF_THE_MOMENT)
