"""How long it takes from a save until the new code answers, and until its tests are done; time that passes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop
from localagent.host.reloading.saves import QUIET

_RACE = Path(__file__).parent / "reload_race.py"
_SAVES, _MANY_SAVES, _RUNS = 10, 40, 5

ROWS = (
    Row(
        "time that passes from a save to the new code, over the quiet time, against 60 ms",
        Quantity("ours", less="quiet time"),
        Quantity("60 ms"),
        1.0,
    ),
    Row(
        "the 95th percentile of that against 150 ms",
        Quantity("ours, p95", less="quiet time"),
        Quantity("150 ms"),
        1.0,
    ),
    Row("the same against watchfiles and importlib.reload", Quantity("ours"), Quantity("naive")),
    Row("the same against jurigged", Quantity("ours"), Quantity("jurigged")),
    Row(
        "a save of a new plugin to the result of its tests in dev watch, against a fresh pytest of them",
        Quantity("watched"),
        Quantity("fresh"),
        0.5,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part, each over a folder of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LOCALAGENT_"))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["TMPDIR"] = str(workshop.memory)

    def race(name: str, way: str, times: float) -> Contestant:
        argv = (sys.executable, str(_RACE), way, str(workshop.work), str(times))
        return Contestant(name, argv, env, workshop.work, tells_seconds=True)

    yield race("ours", "ours", _SAVES)
    yield race("ours, p95", "ours, p95", _MANY_SAVES)
    yield race("naive", "naive", _SAVES)
    yield race("jurigged", "jurigged", _SAVES)
    yield race("watched", "watched", _RUNS)
    yield race("fresh", "fresh", _RUNS)
    for name, seconds in (("quiet time", QUIET), ("60 ms", 0.06), ("150 ms", 0.15)):
        yield race(name, "sleep", seconds)
