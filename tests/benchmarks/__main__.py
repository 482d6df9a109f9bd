"""Measure every row, or those asked for: a table on standard output, 1 if a goal is missed beyond doubt."""

from __future__ import annotations

import argparse
import functools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.areas import AREAS, CURVES
from benchmarks.claims import write_claims
from benchmarks.figures import Figures, RowFigures, measured, read_figures, unmeasured, write_figures
from benchmarks.measuring import Contestant, Curve, Row, judge, take_turns
from benchmarks.page import facts, table, times, write_page
from benchmarks.workshop import Workshop, memory

LIBRARIES = ("typer", "rich", "blinker", "build", "copier", "jurigged", "pip", "pluggy", "pyee", "watchfiles")
PEERS = ("cookiecutter", "llm", "npe2", "stevedore", "twine", "uv")


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a goal is missed."""
    options = _options(words)
    figures = read_figures(options.figures) if options.figures else _measured(options)
    print("\n".join([*table(figures.rows), "", *times(figures), "", *facts(figures)]))
    if options.json:
        write_figures(figures, options.json)
    if options.page:
        write_page(figures, options.page)
    if options.readme:
        write_claims(figures, options.readme)
    return 1 if any(row.missed for row in figures.rows) else 0


def _measured(options: argparse.Namespace) -> Figures:
    """Measure the rows that are asked for."""
    rows: list[RowFigures] = []
    seconds: dict[str, float] = {}
    load = _load()
    own = functools.partial(tempfile.TemporaryDirectory, prefix="localagent-bench-")
    with own() as folder, own(dir=memory()) as quick_folder:
        workshop = Workshop(Path(folder), options.peers, Path(quick_folder))
        for area, module in AREAS.items():
            chosen = [row for row in module.ROWS if options.only in f"{area}: {row.what}"]
            curves = [curve for curve in CURVES.get(area, ()) if options.only in f"{area}: {curve.name}"]
            if not chosen and not curves:
                continue
            _tell(f"{area}: making plugins")
            entered = _entered(chosen, curves, module.contestants(workshop))
            samples = take_turns(entered, options.rounds, tell=functools.partial(_tell_of, area))
            for row in chosen:
                is_measured = set(row.contestants) <= set(samples)
                rows.append(measured(area, judge(row, samples)) if is_measured else unmeasured(area, row))
            seconds |= {f"{area}: {name}": statistics.median(taken) for name, taken in samples.items()}
        about = {"rounds": options.rounds, "load before": load, "load after": _load(), **_surroundings(workshop)}
    _tell("")
    return Figures(tuple(rows), seconds, about)


def _entered(rows: Sequence[Row], curves: Sequence[Curve], contestants: Iterable[Contestant]) -> list[Contestant]:
    needed = {name for row in rows for name in row.contestants}
    needed |= {name for curve in curves for name in curve.contestants.values()}
    return [contestant for contestant in contestants if contestant.name in needed]


def _load() -> list[float]:
    return [round(each, 2) for each in os.getloadavg()]


def _surroundings(workshop: Workshop) -> dict[str, Any]:
    """What the figures depend on beside the load."""
    versions = {name: version(name) for name in ("localagent", *LIBRARIES) if find_spec(name)}
    versions |= {name: _version(python, name) for name in PEERS if (python := workshop.peer(name, "python"))}
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"cores": os.cpu_count(), "system": system, "Python": python} | versions


def _version(python: str, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="example: nox -s bench -- --from figures.json --page docs/performance.md",
    )
    parser.add_argument("--only", default="", help="rows whose name, or whose area's, contains this")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder with an environment for each peer")
    parser.add_argument("--from", dest="figures", type=Path, metavar="FILE", help="measure nothing, read --json's file")
    parser.add_argument("--page", type=Path, help="also write the page to this file, and its plots beside it")
    parser.add_argument("--readme", type=Path, help="also bring the rows that this file claims to the figures")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args(words)


def _tell_of(area: str, text: str) -> None:
    _tell(f"{area}: {text}")


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
