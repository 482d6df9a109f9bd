"""One fault at one step put to this host: what became of the healthy plugins, and was the culprit named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faults.catalogue import FAULTS, STEPS, Fault, Kind
from faults.plugins import FAULTY, HEALTHY, Stage, faulty, healthy
from faults.processes import Finished, run

LIMIT = 60.0
"""Seconds that any process may take before it counts as hanging."""
_AFTER_INTERRUPTION = 2.0
_BEFORE_REGISTERED = ("import", "construct")


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault at one step."""

    fault: Fault
    step: str

    @property
    def name(self) -> str:
        """How a report calls it."""
        return f"{self.fault.name} at {self.step}"

    @property
    def reaches_the_host(self) -> bool:
        """Whether the fault may end the process once: a preflight takes the blow of what comes before initialise."""
        return self.fault.kind is Kind.KILLS and self.step not in _BEFORE_REGISTERED

    @property
    def never_ends(self) -> bool:
        """Whether only Ctrl-C ends it: a command may take as long as it likes."""
        return self.fault.kind is Kind.HANGS and self.step == "command"

    @property
    def codes(self) -> frozenset[int]:
        """The exit codes that calling the faulty plugin's command may have, in the run that it does not kill."""
        if self.fault.kind is Kind.MISBEHAVES:
            # A command may close its own standard output; whether that is an error is a matter of taste.
            own_business = self.step == "command" and self.fault.name == "closed stdout"
            return frozenset({0, 1} if own_business else {0})
        if self.step == "cleanup":
            return frozenset({3} if self.reaches_the_host else {0})
        if self.step != "command" or self.reaches_the_host:
            return frozenset({3})
        if self.fault.kind is Kind.HANGS:
            return frozenset({130})
        return frozenset({{"SystemExit(0)": 0, "exit(3)": 3}.get(self.fault.name, 1)})

    @property
    def is_silent(self) -> bool:
        """Whether there is nobody to blame: the host mends it, or a command may do it."""
        return self.fault.kind is Kind.MISBEHAVES or (
            self.step == "command"
            and (self.fault.kind is Kind.HANGS or self.fault.name in ("SystemExit(0)", "exit(3)"))
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cell and what fell short, in words; nothing where all is well."""

    cell: Cell
    problems: tuple[str, ...]


def all_cells() -> list[Cell]:
    """Every fault at every step."""
    return [Cell(fault, step) for step in STEPS for fault in FAULTS]


def try_cell(cell: Cell, folder: Path) -> Outcome:
    """Put one fault to the host, in homes of their own below `folder`."""
    return Outcome(cell, (*_in_one_process(cell, folder / "program"), *_by_command(cell, folder / "command")))


def _in_one_process(cell: Cell, folder: Path) -> Iterator[str]:
    """A program that loads all plugins, calls each command and lets all go, run twice."""
    stage = _stage(cell, folder)
    words = [HEALTHY[0], *([] if cell.never_ends else [FAULTY]), *HEALTHY]
    runs = [run(stage.program(*words), env=stage.env, cwd=stage.work, limit=LIMIT) for _ in range(2)]
    for number, done in enumerate(runs, start=1):
        if number == 1 and cell.reaches_the_host:
            continue
        if undone := _undone(done):
            yield f"run {number}: {undone}"
    yield from _managed(stage)
    listed = run(stage.cli("plugins", "list"), env=stage.env, cwd=stage.work, limit=LIMIT)
    yield from _unnamed(cell, "\n".join([*(done.text for done in runs), listed.text]))
    yield from ("a traceback in a program's output" for done in runs if done.has_traceback)


def _by_command(cell: Cell, folder: Path) -> Iterator[str]:
    """The faulty plugin's command as a user calls it, then a healthy one's."""
    stage = _stage(cell, folder)
    began = "began" if cell.never_ends else None
    call = stage.cli(FAULTY)
    done = run(call, env=stage.env, cwd=stage.work, limit=LIMIT, interrupt_after=began)
    if cell.reaches_the_host:
        done = run(call, env=stage.env, cwd=stage.work, limit=LIMIT)
    if done.code is None:
        yield f"'{FAULTY}' hangs"
    elif done.code not in cell.codes:
        yield f"'{FAULTY}' gives {done.code}, not {' or '.join(map(str, sorted(cell.codes)))}"
    if cell.never_ends and done.seconds > _AFTER_INTERRUPTION:
        yield f"Ctrl-C takes {done.seconds:.1f} s"
    if done.has_traceback:
        yield f"a traceback from '{FAULTY}'"
    for name in HEALTHY:
        called = run(stage.cli(name), env=stage.env, cwd=stage.work, limit=LIMIT)
        if called.code != 0 or f"hello from {name}" not in called.out:
            yield f"'{name}' gives {called.code}: {called.last_line()}"


def _stage(cell: Cell, folder: Path) -> Stage:
    first, last = HEALTHY
    return Stage(folder).furnish([healthy(first), faulty(FAULTY, cell.fault, cell.step), healthy(last)])


def _undone(done: Finished) -> str:
    """What healthy plugins did not get done in a program; empty if all."""
    if done.code is None:
        return "hangs"
    wanted = {f"hello from {HEALTHY[0]}": 2, f"hello from {HEALTHY[1]}": 1}
    wanted |= {f"goodbye from {name}": 1 for name in HEALTHY}
    said = done.out.splitlines()
    wrong = [line for line, times in wanted.items() if said.count(line) != times]
    disturbed = next((line for line in said if line.startswith("disturbed:")), "")
    return f"no {', no '.join(map(repr, wrong))} {disturbed}".rstrip() if wrong else ""


def _managed(stage: Stage) -> Iterator[str]:
    """Management commands that do not work."""
    for words in (["--help"], ["plugins", "list"], ["plugins", "info", FAULTY]):
        done = run(stage.cli(*words), env=stage.env, cwd=stage.work, limit=LIMIT)
        if done.code != 0:
            yield f"'{' '.join(words)}' gives {done.code}: {done.last_line()}"


def _unnamed(cell: Cell, text: str) -> Iterator[str]:
    """What of plugin, step and place nobody said."""
    if cell.is_silent:
        return
    told = [line for line in text.splitlines() if FAULTY in line]
    if not told:
        yield "culprit not named"
        return
    if not any(cell.step in line for line in told):
        yield "step not named"
    if not any(re.search(r"(bad/\w+\.py|entry_points\.txt):\d+", line) for line in told):
        yield "line not named"
