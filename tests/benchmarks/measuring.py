"""What processes cost, measured in turns, and whether a ratio of medians exceeds its goal beyond doubt."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESAMPLES = 2000
_TIMES_AT_MOST = 5
_CONFIDENCE = 0.95

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A process to measure.

    Attributes:
        prepare: what is done before each of its runs, unmeasured.
        tells_seconds: whether its standard output is the time that counts, instead of its CPU time.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    prepare: Callable[[], object] | None = None
    tells_seconds: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """The median of a contestant's times, less that of another one where growth is asked for."""

    of: str
    less: str | None = None

    def value(self, samples: Samples) -> float:
        """In the unit of the samples."""
        return statistics.median(samples[self.of]) - (statistics.median(samples[self.less]) if self.less else 0.0)

    @property
    def contestants(self) -> tuple[str, ...]:
        """Whose times it is made of."""
        return (self.of, self.less) if self.less else (self.of,)

    def __str__(self) -> str:
        return f"{self.of} - {self.less}" if self.less else self.of


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a goal is not reached, and what would have to change so that it is; both are whole sentences."""

    why: str
    change: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a quantity, what it is compared with, and the ratio it must reach.

    Attributes:
        goal: the ratio may be this at most; None where it is only told.
        asked: the goal as it was set, where `goal` asks for less; None where it does not.
        shortfall: what is told where the goal, as it was set, is not reached.
    """

    what: str
    measured: Quantity
    against: Quantity
    goal: float | None = None
    asked: float | None = None
    shortfall: Shortfall | None = None

    @property
    def contestants(self) -> tuple[str, ...]:
        """Whose times it needs."""
        return (*self.measured.contestants, *self.against.contestants)


@dataclass(frozen=True, slots=True)
class Curve:
    """How the cost of one thing grows with the number of plugins.

    Attributes:
        plot: the name of the plot that it is part of.
        contestants: the name of the contestant for each number of plugins.
    """

    name: str
    plot: str
    contestants: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its ratio and the ends of the ratio's 95 % bootstrap interval."""

    row: Row
    low: float
    ratio: float
    high: float

    @property
    def missed(self) -> bool:
        """Whether the goal is exceeded beyond doubt."""
        return self.row.goal is not None and self.low > self.row.goal


def judge(row: Row, samples: Samples, *, resamples: int = RESAMPLES, seed: int = 0) -> Result:
    """The ratio of a row and how sure it is.

    Times of one round belong together, since the machine was equally busy; so whole rounds are drawn.
    """
    chance = random.Random(seed)  # noqa: S311 - resampling needs no secret
    rounds = min(len(samples[name]) for name in row.contestants)

    def resampled() -> float:
        drawn = [chance.randrange(rounds) for _ in range(rounds)]
        return _ratio(row, {name: [samples[name][each] for each in drawn] for name in row.contestants})

    ratios = sorted(resampled() for _ in range(resamples))
    tail = (1 - _CONFIDENCE) / 2
    return Result(row, ratios[int(resamples * tail)], _ratio(row, samples), ratios[int(resamples * (1 - tail))])


def take_turns(
    contestants: Sequence[Contestant], rounds: int, *, tell: Callable[[str], object], round_seconds: float = 6.0
) -> dict[str, list[float]]:
    """Seconds of each contestant: A B C, A B C …, after one round that fills caches.

    Args:
        contestants: who takes part.
        rounds: so many at least. Short processes get more, since what else the machine does is more of their time.
        tell: told which round it is.
        round_seconds: what a round should take; of those that are shorter more are made, up to five times as many.
    """
    samples: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    tell("a round that fills caches")
    began = time.perf_counter()
    for contestant in contestants:
        _seconds(contestant)
    took = time.perf_counter() - began
    rounds = max(rounds, min(rounds * _TIMES_AT_MOST, int(rounds * round_seconds / took)))
    for round_ in range(1, rounds + 1):
        tell(f"round {round_} of {rounds}")
        for contestant in contestants:
            samples[contestant.name].append(_seconds(contestant))
    return samples


def _seconds(contestant: Contestant) -> float:
    return told_seconds(contestant) if contestant.tells_seconds else cpu_seconds(contestant)


def cpu_seconds(contestant: Contestant) -> float:
    """User and system time of one run, that of the processes it waited for included.

    Raises:
        RuntimeError: it failed, so its time means nothing.
    """
    if contestant.prepare is not None:
        contestant.prepare()
    process = subprocess.Popen(
        contestant.argv,
        env=dict(contestant.env),
        cwd=contestant.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{contestant.name} ended with code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def told_seconds(contestant: Contestant) -> float:
    """What a run says it took: of what happens while it waits, CPU time says nothing.

    Raises:
        CalledProcessError: it failed.
    """
    done = subprocess.run(
        contestant.argv, env=dict(contestant.env), cwd=contestant.cwd, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _ratio(row: Row, samples: Samples) -> float:
    against = row.against.value(samples)
    # Growth that drowns in noise cannot be divided by: then nothing can be said, so nothing is missed.
    return row.measured.value(samples) / against if against > 0 else 0.0
