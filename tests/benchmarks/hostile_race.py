"""Judges so many broken inputs, and prints the CPU seconds that the slowest took: ``python hostile_race.py COUNT``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from hostile import cases, judge, plant


def main(count: int) -> float:
    """The CPU seconds of the slowest, what the first one imports left out."""
    with tempfile.TemporaryDirectory(prefix="localagent-bench-") as made:
        folder = plant(Path(made))
        slowest = 0.0
        for number, (what, data) in enumerate(cases(range(count))):
            start = time.process_time()
            judge(what, data, folder)
            if number > 0:
                slowest = max(slowest, time.process_time() - start)
    return slowest


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]))}\n")
