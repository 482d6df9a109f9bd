"""Finding the plugin that breaks a command: the command is run again and again, with fewer plugins each time."""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localagent_cli.trying.processes import run_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from localagent.host.survey import Survey

    Attempt = Callable[[Sequence[str]], "Ended"]
    """Runs the command with some plugins only."""

_RUN = """\
import sys
from localagent_cli import streams
from localagent_cli.session import run_process
streams.prepare()
sys.exit(run_process(sys.argv[1:], journal=False))
"""
"""What killed one run must not be kept out of the next, so nothing is written down."""

_LINES = 10
"""Lines of output that are kept of a run."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        plugins: how many of the candidates took part.
        code: the exit code; negative for a signal.
        output: the last lines that it printed.
    """

    plugins: int
    code: int
    output: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bisection:
    """What the runs showed.

    Attributes:
        code: how the command ends with all plugins.
        needed: the plugins that the command itself belongs to or needs, which took part in each run.
        candidates: all others, each after what it needs.
        culprit: the plugin with which the command ends so, and without which it does not; empty if there is none.
        before: how many candidates took part beside it.
        runs: in their order; the first is with all plugins.
    """

    code: int
    needed: tuple[str, ...]
    candidates: tuple[str, ...]
    culprit: str
    before: int
    runs: tuple[Ended, ...]


def candidates_of(picture: Survey, word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The plugins that a command cannot do without, and the others that are enabled, each after what it needs."""
    owned = picture.commands().find(word)
    needed = picture.order_of([owned.owner]) if owned is not None else ()
    enabled = [name for name in picture.resolution.order if name in picture.plugins and picture.plugins[name].enabled]
    return needed, tuple(name for name in enabled if name not in needed)


def most_runs(candidates: int) -> int:
    """So many runs at most, the first with all plugins among them."""
    return 1 + math.ceil(math.log2(candidates + 1))


def bisect(needed: Sequence[str], candidates: Sequence[str], attempt: Attempt) -> Bisection:
    """Find the first candidate with which, beside those before it, the command ends as it does with all of them.

    Args:
        needed: plugins that take part in each run.
        candidates: those among which the culprit is looked for.
        attempt: runs the command.
    """

    def ended(number: int) -> Ended:
        done = dataclasses.replace(attempt((*needed, *candidates[:number])), plugins=number)
        runs.append(done)
        return done

    runs: list[Ended] = []
    code = ended(len(candidates)).code
    found = Bisection(code, tuple(needed), tuple(candidates), "", 0, ())
    if code == 0:
        return dataclasses.replace(found, runs=tuple(runs))
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ended(middle).code == code else (middle + 1, high)
    culprit = candidates[high - 1] if high else ""
    return dataclasses.replace(found, culprit=culprit, before=max(high - 1, 0), runs=tuple(runs))


def running(home: Path, words: Sequence[str], tell: Callable[[Ended], object]) -> Attempt:
    """What runs a command over a home, with some plugins only, in a process of its own that nobody can talk to.

    Args:
        home: LocalAgent's home.
        words: the command.
        tell: told of each run when it is over.
    """

    def attempt(names: Sequence[str]) -> Ended:
        only = ("--only", ",".join(names)) if names else ("--no-plugins",)
        with tempfile.TemporaryFile() as log:
            done = run_whole(
                (sys.executable, "-P", "-c", _RUN, "--home", str(home), *only, *words),
                cwd=None,
                env=os.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            log.seek(0)
            output = log.read().decode("utf-8", "replace").splitlines()
        ended = Ended(len(names), done.returncode, tuple(output[-_LINES:]))
        tell(ended)
        return ended

    return attempt


def lines_of(found: Bisection, words: Iterable[str]) -> list[str]:
    """What was found, as lines of text."""
    command = " ".join(words)
    with_it = next(run for run in reversed(found.runs) if run.code == found.code)
    said = [f"  {line}" for line in with_it.output]
    if not found.code:
        return [f"'{command}' ends with 0 with all {len(found.candidates)} other plugins: there is nothing to find"]
    if not found.culprit:
        own = f"no plugin but {', '.join(found.needed)}" if found.needed else "no plugin at all"
        return [f"'{command}' ends with {found.code} with {own}, so no other one breaks it:", *said]
    beside = f", beside {found.before} others" if found.before else ""
    without = next(run.code for run in found.runs if run.plugins == found.before)
    return [
        f"{found.culprit}: with it{beside} '{command}' ends with {found.code}, without it with {without}:",
        *said,
        f"fix: localagent plugins disable {found.culprit}",
        f"more: localagent plugins info {found.culprit}",
    ]
