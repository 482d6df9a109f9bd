"""What starting costs: CPU time of whole processes against `import typer, rich`, measured in turns in one run."""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 15
RESAMPLES = 2000

CONTESTANTS = {
    "import typer, rich": ["-c", "import typer, rich"],
    "localagent --version": ["-m", "localagent_cli", "--version"],
    "localagent --help": ["-m", "localagent_cli", "--help"],
    "localagent plugins list": ["-m", "localagent_cli", "plugins", "list"],
}
ANCHOR = "import typer, rich"
GOALS = {"localagent --version": 0.35, "localagent --help": 0.5}


def cpu_seconds(words: list[str], env: dict[str, str]) -> float:
    """User and system time of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], env=env, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def measure(env: dict[str, str]) -> dict[str, list[float]]:
    """Times of each contestant, taken in turns, after one round that fills caches."""
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for round_ in range(ROUNDS + 1):
        for name, words in CONTESTANTS.items():
            seconds = cpu_seconds(words, env)
            if round_:
                times[name].append(seconds)
    return times


def ratio_interval(times: list[float], anchor: list[float]) -> tuple[float, float, float]:
    """The ratio of medians, with the ends of its 95 % bootstrap interval."""
    chance = random.Random(0)  # noqa: S311 - resampling needs no secret

    def resampled() -> float:
        return statistics.median(chance.choices(times, k=len(times))) / statistics.median(
            chance.choices(anchor, k=len(anchor))
        )

    ratios = sorted(resampled() for _ in range(RESAMPLES))
    middle = statistics.median(times) / statistics.median(anchor)
    return ratios[int(RESAMPLES * 0.025)], middle, ratios[int(RESAMPLES * 0.975)]


def main() -> int:
    """Print the table; 1 if a goal is missed beyond doubt."""
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "LOCALAGENT_HOME": str(Path(home) / "home"), "PYTHONDONTWRITEBYTECODE": ""}
        times = measure(env)
    missed = 0
    print(f"{'command':<26} {'CPU ms':>7}  ratio to '{ANCHOR}' (95 %)       goal")
    for name, taken in times.items():
        low, middle, high = ratio_interval(taken, times[ANCHOR])
        goal = GOALS.get(name)
        missed += goal is not None and low > goal
        told = "" if goal is None else f"<= {goal}{' MISSED' if low > goal else ''}"
        milliseconds = statistics.median(taken) * 1000
        print(f"{name:<26} {milliseconds:7.1f}  {middle:5.2f} ({low:.2f} to {high:.2f})            {told}")
    print(f"{ROUNDS} rounds, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
