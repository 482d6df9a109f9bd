"""Measuring a plugin from the command line: the testing kit does it in a process, which tells what it is doing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, PluginNotAvailable, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from localagent.errors import LocalAgentError

_FAREWELL = 1.0
"""Seconds that the process has to end its own children when it is interrupted."""


@dataclass(frozen=True, slots=True)
class Benched:
    """What a plugin costs.

    Attributes:
        plugin: its name.
        figures: values by the keys of `figures.FIGURES`; those that it does not have are absent.
        budgets: the highest allowed values that its project declares, by the same keys.
        called: the command line that was called; empty if it has none.
        memory: bytes of memory after each round of disable and enable.
    """

    plugin: str
    figures: Mapping[str, float]
    budgets: Mapping[str, float]
    called: tuple[str, ...]
    memory: tuple[int, ...]


def bench(
    target: Path, *, runs: int, rounds: int, tell: Callable[[str], object] = lambda _: None
) -> tuple[Benched, ...]:
    """Measure the plugins in a folder or file.

    Args:
        target: the folder, or a single file.
        runs: how many processes the medians are of.
        rounds: how often each plugin is disabled and enabled to see whether it loses memory.
        tell: told what begins.

    Raises:
        PluginNotAvailable: there is no plugin, or it does not become ready.
        ConfigError: ``pyproject.toml`` cannot be read, or declares budgets that are none.
        SystemProblem: the process ended on the way.
    """
    found: list[Benched] = []
    with _events(target, runs, rounds) as events:
        for event in events:
            if "step" in event:
                tell(event["step"])
            elif "error" in event:
                raise _error(event)
            else:
                found.append(
                    Benched(
                        event["plugin"],
                        event["figures"],
                        event["budgets"],
                        tuple(event["called"]),
                        tuple(event["memory"]),
                    )
                )
    if not found:
        raise SystemProblem("the process that measures ended on the way", fix="run the command again")
    return tuple(found)


@contextlib.contextmanager
def _events(target: Path, runs: int, rounds: int) -> Generator[Generator[Mapping[str, Any]]]:
    """What the process tells, line by line; it ends with the block."""
    command = [sys.executable, "-P", "-m", "localagent_testing.bench", str(target.resolve()), str(runs), str(rounds)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield (json.loads(line) for line in process.stdout)
    finally:
        if process.poll() is None:
            # Asked, not killed: it ends the process that runs the plugin.
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL)
        process.kill()
        process.stdout.close()


def _error(event: Mapping[str, Any]) -> LocalAgentError:
    kind = ConfigError if event["error"] == ConfigError.__name__ else PluginNotAvailable
    return kind(
        event["message"], plugin=event["plugin"], file=event["file"] or None, line=event["line"], fix=event["fix"] or ""
    )
