"""Many plugins of which a fifth is broken at one step: the others work, and each of the broken ones is reported."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults.catalogue import FAULTS, Kind
from faults.plugins import Stage, faulty, healthy
from faults.processes import Finished, run

_LIMIT = 600.0
_SAMPLE = 10
_CALLED_BY_HAND = 60.0


def try_crowd(step: str, folder: Path, *, size: int = 200) -> Iterator[str]:
    """What falls short with `size` plugins of which every fifth is broken at `step`, in words."""
    raising = itertools.cycle([fault for fault in FAULTS if fault.kind is Kind.RAISES and not _is_an_exit(fault.name)])
    bad = [f"plugin-{number:03}" for number in range(2, size, 5)]
    good = [name for name in (f"plugin-{number:03}" for number in range(size)) if name not in bad]
    made = [*map(healthy, good), *(faulty(name, next(raising), step) for name in bad)]
    stage = Stage(folder).furnish(made)
    done = run(stage.program(*good, *bad), env=stage.env, cwd=stage.work, limit=_LIMIT)
    lines = done.out.splitlines()
    silent = [name for name in good if f"hello from {name}" not in lines]
    if silent:
        yield f"{len(silent)} of {len(good)} healthy plugins do not work, as {silent[0]}: {done.last_line()}"
    not_let_go = [name for name in good if f"goodbye from {name}" not in lines]
    if not_let_go:
        yield f"{len(not_let_go)} of {len(good)} healthy plugins were not cleaned up, as {not_let_go[0]}"
    yield from _unreported(bad, step, done)
    for name in good[:: max(1, len(good) // _SAMPLE)]:
        called = run(stage.cli(name), env=stage.env, cwd=stage.work, limit=_CALLED_BY_HAND)
        if called.code != 0 or f"hello from {name}" not in called.out:
            yield f"'{name}' gives {called.code}: {called.last_line()}"


def _is_an_exit(name: str) -> bool:
    """Whether it is a command's own way to end."""
    return name in ("SystemExit(0)", "exit(3)")


def _unreported(bad: list[str], step: str, done: Finished) -> Iterator[str]:
    """Broken plugins of which step or place is not told."""
    errors = _errors(done)
    missing = [name for name in bad if not _is_told(name, step, errors.get(name, {}), done.err)]
    if missing:
        first = missing[0]
        yield f"{len(missing)} of {len(bad)} broken plugins not reported, as {first}: {errors.get(first, 'nothing')}"


def _is_told(name: str, step: str, error: dict[str, Any], text: str) -> bool:
    place = rf"({name.replace('-', '_')}/\w+\.py|{name.replace('-', '_')}\S*/entry_points\.txt):\d+"
    if error:
        return step in f"{error['step']} {error['message']}" and re.search(place, error["place"]) is not None
    # A command's failure is its caller's to tell: it is a line on standard error.
    return any(step in line and re.search(place, line) for line in text.splitlines())


def _errors(done: Finished) -> dict[str, dict[str, Any]]:
    try:
        errors: dict[str, dict[str, Any]] = json.loads(done.err.splitlines()[-1])["errors"]
    except (IndexError, ValueError):
        # It died before it could say.
        return {}
    return errors
