"""From many runs of child processes to one figure each: medians, and the slope of memory over rounds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginNotAvailable
from localagent.host.variables import without_host_variables
from localagent_cli.trying.processes import run_whole
from localagent_cli.trying.scratch import scratch_folder
from localagent_testing.conformance.target import NAME_PREFIX
from localagent_testing.figures import percentiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from localagent.host.spec import PluginSpec

LIMIT = 60.0
"""Seconds that one child process may take."""

LEAK = "leak_kb"
"""The figure that takes rounds; all others come from whole lives."""

_MILLISECONDS = 1e3
_MEGABYTE = 1e6
_KILOBYTE = 1e3


@dataclass(frozen=True, slots=True)
class Measured:
    """What a plugin costs.

    Attributes:
        figures: by key, in the figure's unit; those that it does not have, such as calls without a command, are absent.
        words: the command line that was called; empty if it has no command.
        memory: bytes of memory after each round.
    """

    figures: Mapping[str, float]
    words: tuple[str, ...] = ()
    memory: tuple[int, ...] = field(default=())


def measure(
    spec: PluginSpec,
    wanted: Collection[str],
    *,
    runs: int,
    rounds: int,
    environ: Mapping[str, str] = os.environ,
    tell: Callable[[str], object] = lambda _: None,
) -> Measured:
    """Measure a plugin in child processes, each with a home and a host of its own.

    Args:
        spec: the plugin.
        wanted: the keys of the figures.
        runs: how many lives the medians are of.
        rounds: how often it is let go and loaded again for the slope of memory.
        environ: where its settings may come from; what steers the host is left out.
        tell: told what begins.

    Raises:
        PluginNotAvailable: it does not become ready, its command fails, or its process ends on the way.
    """
    lives: list[Mapping[str, Any]] = []
    memory: tuple[int, ...] = ()
    with scratch_folder("localagent-bench-") as scratch:
        if set(wanted) - {LEAK}:
            for number in range(1, runs + 1):
                tell(f"{spec.name}: run {number} of {runs} ...")
                lives.append(_child(spec, 0, scratch, environ))
        if LEAK in wanted:
            tell(f"{spec.name}: {rounds} rounds of disable and enable ...")
            memory = tuple(_child(spec, rounds, scratch, environ)["memory"])
    figures = _figures_of(lives) | ({LEAK: slope(memory) / _KILOBYTE} if memory else {})
    words = tuple(lives[0]["words"]) if lives else ()
    return Measured({key: value for key, value in figures.items() if key in wanted}, words, memory)


def slope(values: Sequence[float]) -> float:
    """By how much values grow from one to the next, at least; 0 where they do not.

    The lesser slope of both halves: memory that is taken once, at whatever time, is not lost again and again.
    """
    middle = len(values) // 2
    return max(min(_slope(values[:middle]), _slope(values[middle:])), 0.0)


def _slope(values: Sequence[float]) -> float:
    """The median over all pairs (Theil and Sen)."""
    pairs = combinations(enumerate(values), 2)
    steps = [(later - earlier) / (there - here) for (here, earlier), (there, later) in pairs]
    return statistics.median(steps) if steps else 0.0


def _figures_of(lives: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    if not lives:
        return {}
    figures = {
        "import_ms": statistics.median(life["import"] for life in lives) * _MILLISECONDS,
        "initialise_ms": statistics.median(life["initialise"] for life in lives) * _MILLISECONDS,
        "memory_mb": statistics.median(life["memory"] for life in lives) / _MEGABYTE,
    }
    if lives[0]["calls"]:
        further = [percentiles(life["calls"][1:], "call")["p95_call"] for life in lives]
        figures |= {
            "first_call_ms": statistics.median(life["calls"][0] for life in lives) * _MILLISECONDS,
            "p95_ms": statistics.median(further) * _MILLISECONDS,
        }
    return figures


def _child(spec: PluginSpec, rounds: int, scratch: Path, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """What one child process found."""
    target = str(spec.source.root) if spec.source.is_folder else f"{NAME_PREFIX}{spec.name}"
    report = scratch / "report"
    with report.open("wb") as output:
        try:
            code: int | None = run_whole(
                [sys.executable, "-P", "-m", "localagent_testing.bench.one_run", target, spec.name, str(rounds)],
                cwd=scratch,
                env=_environ(environ, scratch),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=LIMIT,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
    text = report.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        how = f"was not done after {LIMIT:.0f} s" if code is None else f"ended with code {code} on the way"
        raise PluginNotAvailable(f"it cannot be measured: its process {how}", plugin=spec.name, fix=_SEE)
    answer: dict[str, Any] = json.loads(text)
    if "obstacle" in answer:
        message = f"it cannot be measured: {answer['obstacle']}"
        file, line = answer["file"] or None, answer["line"]
        raise PluginNotAvailable(message, plugin=spec.name, file=file, line=line, fix=answer["fix"] or _SEE)
    return answer


_SEE = "'localagent plugins test' says more"


def _environ(environ: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The process's own environment, with the settings that `environ` has instead of the user's."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("LOCALAGENT_")}
    return around | without_host_variables(environ) | {"LOCALAGENT_HOME": str(scratch / "home"), "TMPDIR": str(scratch)}
