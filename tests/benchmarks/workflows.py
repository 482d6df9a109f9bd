"""What the workflow engine costs beside a bare gather; starting the process and importing is taken off."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row, Shortfall
from benchmarks.workshop import Workshop

_RACE = Path(__file__).parent / "workflow_race.py"


_RECORDING = Shortfall(
    why="Counted in instructions, the engine takes 2.3 times what the bare gather does. The rest is the kernel's part "
    "of writing each attempt down, and caches that are shared with it; it varies more than the work does: on quiet "
    "machines from 2.5 to 3.7.",
    change="Attempts would have to be written down together only at the end of their phase, which gives up that a kill "
    "costs nothing that was finished; or the engine's part for each attempt be compiled.",
)


def _spent(way: str) -> Quantity:
    return Quantity(way, less=f"{way}, once")


ROWS = (
    Row(
        "1000 agents that do nothing in 10 phases, recorded, against a bare gather of each phase",
        _spent("engine"),
        _spent("bare"),
        3.0,
        shortfall=_RECORDING,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part: each way many times and once, so that both are spent on as many agents."""
    for way in ("engine", "bare"):
        for name, times in ((way, 51), (f"{way}, once", 1)):
            yield Contestant(name, (sys.executable, str(_RACE), way, str(times)), dict(os.environ), workshop.work)
