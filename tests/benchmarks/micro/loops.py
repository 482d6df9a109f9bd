"""A clock that counts in loops of plain Python, so that a figure means about the same on another machine."""

from __future__ import annotations

import time
from dataclasses import dataclass

_TURNS = 1000
_LOOPS_IN_ONE = 5000
"""Loops in the clock's unit, which is about a second on a usual machine; so pytest-benchmark's units read as usual."""
_TRIES = 3000
"""Enough for one of them to be undisturbed, as one of many measurements is."""


@dataclass(slots=True)
class Calibration:
    """How many seconds the clock's unit has."""

    unit: float = 1.0

    def renew(self) -> None:
        """Measure the loop again: a machine is not equally fast from minute to minute."""
        self.unit = _LOOPS_IN_ONE * min(_seconds_of_a_loop() for _ in range(_TRIES))


calibration = Calibration()


def clock() -> float:
    """CPU time of this process in units of 5000 loops, as they took when that was last measured."""
    return time.process_time() / calibration.unit


def _seconds_of_a_loop() -> float:
    """The time of what most Python code does: calls, look-ups, attributes, small objects."""
    began = time.process_time()
    table: dict[int, tuple[int, str]] = {}
    for turn in range(_TURNS):
        table[turn & 63] = (len(table), str(turn))
    return time.process_time() - began
