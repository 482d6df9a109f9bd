"""pytest in a process of its own, followed test by test, and ended cleanly when its caller is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soak import recording

ROOT = Path(__file__).parents[2]
NO_TESTS = 5
"""The exit code of pytest where there is no such test."""
_PAUSE = 0.2
_PATIENCE = 60.0
"""Seconds in which tests that are interrupted may clean up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one test.

    Attributes:
        test: its id, as pytest takes it.
        outcome: ``passed``, ``failed`` or ``skipped``.
        seconds: with what was made for it and cleaned up after it.
        figures: numbers that it recorded, by what they count.
    """

    test: str
    outcome: str
    seconds: float
    figures: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a run of pytest is: what is new since the last moment.

    Attributes:
        tests: all that will run, where that became known just now.
        outcomes: of tests that just ended.
    """

    tests: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of pytest that came to its end: exit code, and all that it printed."""

    code: int
    output: str


def run_tests(words: Sequence[str], tell: Callable[[Moment], object], *, root: Path = ROOT) -> Ended:
    """Run pytest with these words in the folder `root`, telling several times a second how far it is.

    Raises:
        KeyboardInterrupt: as the caller got it, once pytest has ended.
    """
    with tempfile.TemporaryDirectory(prefix="localagent-soak-") as folder:
        notes, output = Path(folder, "notes"), Path(folder, "output")
        notes.touch()
        with output.open("wb") as stream:
            code = _follow(_start(words, notes, stream.fileno(), root), notes, tell)
        return Ended(code, output.read_text(encoding="utf-8", errors="replace"))


def _start(words: Sequence[str], notes: Path, output: int, root: Path) -> subprocess.Popen[bytes]:
    # What leads to this package is nobody else's business.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    argv = [sys.executable, "-P", recording.__file__, str(notes), *words]
    # In a session of its own, or Ctrl-C would reach it twice, and its own processes behind its back.
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, "start_new_session": True}
    return subprocess.Popen(argv, cwd=root, env=env, **quiet)


def _follow(process: subprocess.Popen[bytes], notes: Path, tell: Callable[[Moment], object]) -> int:
    with notes.open(encoding="utf-8") as stream:
        try:
            while process.poll() is None:
                tell(_moment(_new_lines(stream)))
                time.sleep(_PAUSE)
        except BaseException:
            _end(process)
            raise
        finally:
            tell(_moment(_new_lines(stream)))
    return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _new_lines(stream: Any) -> Iterator[str]:
    """The lines that were written whole since the last call."""
    while True:
        spot = stream.tell()
        line = stream.readline()
        if not line.endswith("\n"):
            stream.seek(spot)
            return
        yield line


def _moment(lines: Iterator[str]) -> Moment:
    told = [json.loads(line) for line in lines]
    tests = [test for each in told if "tests" in each for test in each["tests"]]
    return Moment(tuple(tests), tuple(Outcome(**each) for each in told if "test" in each))
