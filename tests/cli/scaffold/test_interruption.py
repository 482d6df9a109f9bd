"""A plugin is whole or absent whenever its making is ended."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from localagent_cli.scaffold import create_plugin
from localagent_cli.scaffold.stage import sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAKE = """
import signal, sys
from pathlib import Path
from localagent_cli.scaffold import create_plugin
signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored below a shell's background job
create_plugin("notes", "command", into=Path(sys.argv[1]), author="A", force=True)
"""

ROUNDS = [pytest.param(2, id="2"), pytest.param(50, id="50", marks=pytest.mark.soak)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def make_and_end(parent: Path, by: signal.Signals, *, after: float) -> int:
    """Start to make a plugin and end it `after` seconds from when its stage was seen; gives the exit code."""
    process = subprocess.Popen([sys.executable, "-c", MAKE, parent], stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(parent.glob(".localagent-new-*")):
        time.sleep(0.0005)
    time.sleep(after)
    process.send_signal(by)
    return process.wait()


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("existing", [False, True], ids=["new", "replaced"])
def test_a_plugin_is_whole_or_absent(
    by: signal.Signals,
    rounds: int,
    *,
    existing: bool,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    whole = contents(create_plugin("notes", "command", into=tmp_path / "whole", author="A").path)
    old = {"plugin.py": b"old"}
    chance = random.Random(by + rounds)  # noqa: S311 - moments, not secrets
    ended = 0
    for number in range(rounds):
        parent = tmp_path / str(number)
        target = parent / "notes"
        parent.mkdir()
        if existing:
            target.mkdir()
            (target / "plugin.py").write_bytes(b"old")
        ended += make_and_end(parent, by, after=chance.uniform(0, 0.06)) != 0
        sweep(parent)
        allowed = [whole, old] if existing else [whole, {}]
        assert contents(target) in allowed, f"round {number}"
        assert list(parent.iterdir()) == ([target] if contents(target) else [])
    assert ended, "no signal came in time"
    record_property("signals", rounds)
    record_property("in time", ended)
