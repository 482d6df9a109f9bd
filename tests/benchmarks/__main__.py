"""Measure every row, or those asked for: a table on standard output, 1 if a goal is missed beyond doubt."""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import (
    building,
    commands,
    discovery,
    installing,
    messaging,
    providers,
    reloading,
    scaffolding,
    startup,
    testing,
    validating,
    workflows,
)
from benchmarks.measuring import Contestant, Result, Row, judge, take_turns
from benchmarks.workshop import Workshop

AREAS = {
    "startup": startup,
    "commands": commands,
    "discovery": discovery,
    "installing": installing,
    "messaging": messaging,
    "providers": providers,
    "reloading": reloading,
    "scaffolding": scaffolding,
    "building": building,
    "testing": testing,
    "validating": validating,
    "workflows": workflows,
}
PEERS = ("llm", "npe2")
_PAGE = """\
# What it costs

Each row is a ratio of CPU time (where it says so, of time that passes), both sides measured in turns in one run, so
that it means the same on another machine. The interval is the 95 % bootstrap interval of the median; a row is missed
when its lower bound exceeds the goal. This page was written by `nox -s bench -- --page docs/performance.md`.
Generated distributions take part: 0, 100 and 1000 plugins, light ones and such whose import takes 20 ms, with a
manifest and without.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a goal is missed."""
    options = _options(words)
    results: list[Result] = []
    unmeasured: list[Row] = []
    medians: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="localagent-bench-") as folder:
        workshop = Workshop(Path(folder), options.peers)
        for area, module in AREAS.items():
            rows = [row for row in module.ROWS if options.only in f"{area}: {row.what}"]
            if not rows:
                continue
            _tell(f"{area}: making plugins")
            entered = _entered(rows, module.contestants(workshop))
            samples = take_turns(entered, options.rounds, tell=functools.partial(_tell_of, area))
            measured = [row for row in rows if set(row.contestants) <= set(samples)]
            results += [judge(row, samples) for row in measured]
            unmeasured += [row for row in rows if row not in measured]
            medians |= {f"{area}: {name}": statistics.median(times) for name, times in samples.items()}
        facts = _facts(workshop, options.rounds)
    _tell("")
    print("\n".join(table(results, unmeasured, medians, facts)))
    if options.page:
        lines = [_PAGE, *table(results, unmeasured, medians, facts)]
        options.page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(_as_json(results, unmeasured, medians, facts), indent=2), encoding="utf-8")
    return 1 if any(result.missed for result in results) else 0


def table(
    results: Sequence[Result], unmeasured: Sequence[Row], medians: dict[str, float], facts: dict[str, Any]
) -> Iterable[str]:
    """The lines of the table, as Markdown."""
    yield "| what | ratio | 95 % | goal | |"
    yield "|---|---|---|---|---|"
    for result in results:
        goal = "" if result.row.goal is None else f"≤ {result.row.goal:.3g}"
        verdict = "MISSED" if result.missed else "" if result.row.goal is None else "ok"
        interval = f"{result.low:.3f} to {result.high:.3f}"
        yield f"| {result.row.what} | {result.ratio:.3f} | {interval} | {goal} | {verdict} |"
    for row in unmeasured:
        goal = "" if row.goal is None else f"≤ {row.goal}"
        yield f"| {row.what} | | | {goal} | not measured: the peer is not installed |"
    yield ""
    yield from (f"- {name}: {seconds * 1000:.1f} ms" for name, seconds in medians.items())
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in facts.items())


def _entered(rows: Sequence[Row], contestants: Iterable[Contestant]) -> list[Contestant]:
    needed = {name for row in rows for name in row.contestants}
    return [contestant for contestant in contestants if contestant.name in needed]


def _facts(workshop: Workshop, rounds: int) -> dict[str, Any]:
    """What the figures depend on."""
    versions = {name: version(name) for name in ("localagent", "typer", "rich")}
    versions |= {name: _version(python, name) for name in PEERS if (python := workshop.peer(name, "python"))}
    load = [round(each, 2) for each in os.getloadavg()]
    return {"rounds": rounds, "load": load, "cores": os.cpu_count(), "Python": platform.python_version()} | versions


def _version(python: str, name: str) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _as_json(
    results: Sequence[Result], unmeasured: Sequence[Row], medians: dict[str, float], facts: dict[str, Any]
) -> dict[str, Any]:
    rows = [
        {
            "what": result.row.what,
            "ratio": result.ratio,
            "interval": [result.low, result.high],
            "goal": result.row.goal,
            "missed": result.missed,
        }
        for result in results
    ]
    return {"rows": rows, "unmeasured": [row.what for row in unmeasured], "seconds": medians, "facts": facts}


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name, or whose area's, contains this")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder with an environment for each peer")
    parser.add_argument("--page", type=Path, help="also write the table, as a page, to this file")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args(words)


def _tell_of(area: str, text: str) -> None:
    _tell(f"{area}: {text}")


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
