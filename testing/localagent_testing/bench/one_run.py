"""The child process that measures: one life of a plugin, or many rounds of letting it go and loading it again.

``python -m localagent_testing.bench.one_run TARGET NAME ROUNDS`` prints one line of JSON; no rounds mean one life.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from localagent.errors import LocalAgentError, PluginNotAvailable
from localagent_testing.conformance.plan import plan_of
from localagent_testing.conformance.scene import opened
from localagent_testing.conformance.target import find_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.host.loaded import LoadedPlugin
    from localagent.host.spec import PluginSpec
    from localagent_cli.app import LocalAgentCLI
    from localagent_testing.conformance.plan import Plan

CALLS = 30
"""Further calls of a command after the first."""

WARM_UP = 3
"""Rounds before those that count: caches fill in them."""


def main(argv: Sequence[str]) -> None:
    """Measure, print, and end the process, whatever threads the plugin left."""
    target, name, rounds = argv
    said = _keep_output_to_itself()
    try:
        with TemporaryDirectory() as folder, chdir(folder):
            spec = next(spec for spec in find_target(target, Path()).specs if spec.name == name)
            answer = _measured(spec, int(rounds))
    except LocalAgentError as error:
        answer = {"obstacle": error.message, "fix": error.fix, "file": str(error.file or ""), "line": error.line}
    os.write(said, json.dumps(answer).encode() + b"\n")
    os._exit(0)


def _measured(spec: PluginSpec, rounds: int) -> dict[str, Any]:
    plan = plan_of(spec)
    with opened(spec, plan, os.environ) as (cli, _):
        _warm_up(cli)
        if rounds:
            return {"memory": _memory_by_round(cli, spec.name, rounds)}
        return _life(cli, spec.name, plan)


def _life(cli: LocalAgentCLI, name: str, plan: Plan) -> dict[str, Any]:
    """What the steps of one life cost: seconds, and bytes of memory beyond what the host takes."""
    before = _resident()
    loaded = _load(cli, name)
    seconds: dict[str, float] = {}
    for cost in loaded.meter.costs:
        seconds[cost.step] = seconds.get(cost.step, 0.0) + cost.seconds
    words = _words(loaded, plan)
    calls = [_called(cli, words) for _ in range(1 + CALLS)] if words else []
    return {
        "import": seconds.get("import", 0.0) + seconds.get("construct", 0.0),
        "initialise": seconds.get("initialise", 0.0) + seconds.get("register", 0.0),
        "calls": calls,
        "words": words,
        "memory": max(_peak() - before, 0),
    }


def _memory_by_round(cli: LocalAgentCLI, name: str, rounds: int) -> list[int]:
    """Bytes of memory after each round, with nothing left to collect."""
    memory: list[int] = []
    _load(cli, name)
    for _ in range(WARM_UP + rounds):
        cli.host.loop.run(cli.plugin_manager.unload_plugin(name))
        _load(cli, name)
        memory.append(_resident())
    return memory[WARM_UP:]


def _load(cli: LocalAgentCLI, name: str) -> LoadedPlugin:
    return cli.host.loop.run(cli.plugin_manager.require(name))


def _words(loaded: LoadedPlugin, plan: Plan) -> tuple[str, ...]:
    """The command line that is called: the project's first, else a command's help; none where it has no command."""
    if plan.commands:
        return plan.commands[0]
    commands = loaded.registration.commands
    return (commands[0].name, "--help") if commands else ()


def _called(cli: LocalAgentCLI, words: Sequence[str]) -> float:
    began = time.perf_counter()
    code = cli.call(list(words))
    seconds = time.perf_counter() - began
    if code:
        raise PluginNotAvailable(f"the command {' '.join(words)} ended with exit code {code}")
    return seconds


def _warm_up(cli: LocalAgentCLI) -> None:
    """Do once what the host itself does once, so that it is not charged to the plugin."""
    for module in ("rich.console", "rich.table"):
        importlib.import_module(module)
    cli.call(["config", "path"])
    _resident()


def _resident() -> int:
    """Bytes of memory this process has once nothing is left to collect."""
    import psutil

    gc.collect()
    return int(psutil.Process().memory_info().rss)


def _peak() -> int:
    """The most bytes of memory this process ever had.

    Linux counts that for each program anew here, while `getrusage` goes on from whoever started the process.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _keep_output_to_itself() -> int:
    """Send what the plugin prints to nowhere; the descriptor of the real standard output."""
    said = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    return said


if __name__ == "__main__":
    main(sys.argv[1:])
