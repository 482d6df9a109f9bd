"""Broken distributions of others in the environment: every command must work, and the culprit be named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from faults.cells import LIMIT
from faults.plugins import HEALTHY, Stage, healthy
from faults.processes import run
from generated import PLUGIN_GROUP, Distribution

_GROUP = f"[{PLUGIN_GROUP}]\n"

STRANGERS = {
    "a line without '='": Distribution("stranger", f"{_GROUP}no equals sign here\n"),
    "a group that is not closed": Distribution("stranger", f"[{PLUGIN_GROUP}\nx = y:Z\n"),
    "bytes that are no UTF-8": Distribution("stranger", b"\xff\xfe\x00broken"),
    "a line above any group": Distribution("stranger", f"x = y:Z\n{_GROUP}"),
    "an entry point that names nothing": Distribution("stranger", f"{_GROUP}stranger = ..evil:x\n"),
}
"""One installed distribution each, by what is wrong with its ``entry_points.txt``."""


def try_stranger(stranger: Distribution, folder: Path) -> Iterator[str]:
    """What falls short with a broken distribution in the environment, in words."""
    stage = Stage(folder).furnish([*map(healthy, HEALTHY), stranger])
    for words in (["--help"], ["--version"], ["plugins", "info", HEALTHY[0]], *([name] for name in HEALTHY)):
        done = run(stage.cli(*words), env=stage.env, cwd=stage.work, limit=LIMIT)
        if done.code != 0 or done.has_traceback:
            yield f"'{' '.join(words)}' gives {done.code}: {done.last_line()}"
        if words[0] in HEALTHY and f"hello from {words[0]}" not in done.out:
            yield f"'{words[0]}' says nothing"
    told = run(stage.cli("plugins", "list"), env=stage.env, cwd=stage.work, limit=LIMIT)
    if told.code != 0 or "entry_points.txt" not in told.text or "stranger" not in told.text:
        yield "the culprit is not named by 'plugins list'"
    examined = run(stage.cli("doctor"), env=stage.env, cwd=stage.work, limit=LIMIT)
    if examined.code not in (0, 1) or "stranger" not in examined.text:
        yield "the culprit is not named by 'doctor'"
