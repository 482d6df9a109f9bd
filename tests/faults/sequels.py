"""Faults that show only as things go on: in the middle of a workflow, or in one handler again and again."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faults.cells import LIMIT
from faults.plugins import FAULTY, HEALTHY, Stage, healthy
from faults.processes import Finished, run

_STEPS = ("one", "two", "three")
_KILLED = -9

_AGENT = """
import os
import signal
from pathlib import Path

from localagent import WorkflowPlugin


class Step:
    def __init__(self, config):
        pass

    async def execute(self, task, context):
        with open("log", "a") as log:
            log.write(context["phase"] + "\\n")
        if context["phase"] == "two" and Path("is-faulty").exists():
            {fault}
        return {{"result": context["phase"]}}


class ThePlugin(WorkflowPlugin):
    name = "bad"
    version = "1.0"
    description = "A workflow one step of which goes wrong."

    def get_workflow_components(self):
        return {{"agents": {{"step": Step}}}}
"""

_HANDLER = """
from localagent import CommandPlugin


class ThePlugin(CommandPlugin):
    name = "bad"
    version = "1.0"
    description = "One of its handlers fails each time, the other never."

    async def initialize(self, context):
        self.context = context
        context.message_bus.subscribe("news", self.fail)
        context.message_bus.subscribe("news", self.work)
        return True

    async def fail(self, message):
        self.note("failed")
        raise ValueError("it went wrong")

    async def work(self, message):
        self.note("worked")

    def note(self, word):
        with open("log", "a") as log:
            log.write(word + "\\n")

    def register_commands(self, app):
        @app.command("bad")
        async def the_command():
            for number in range(5):
                await self.context.message_bus.broadcast("bad", "news", {"number": number})
"""


def _stage(folder: Path, source: str, **settings: Any) -> Stage:
    """The faulty plugin in the home, beside two healthy ones that are installed."""
    stage = Stage(folder).furnish(map(healthy, HEALTHY))
    module = stage.home / "plugins" / FAULTY / "plugin.py"
    module.parent.mkdir(parents=True)
    module.write_text(source, encoding="utf-8")
    told = {"plugins": {FAULTY: {"enabled": True}}, **settings}
    (stage.home / "config.yaml").write_text(json.dumps(told), encoding="utf-8")
    return stage


def _workflow(folder: Path, fault: str, *, repeatable: bool = True) -> Stage:
    listed = [{"id": step, "agents": [{"agent": "step", "repeatable": repeatable}]} for step in _STEPS]
    source = _AGENT.format(fault=textwrap.indent(fault, " " * 12).lstrip())
    stage = _stage(folder, source, workflows={"steps": {"phases": listed}})
    (stage.work / "is-faulty").touch()
    return stage


def _a_step_fails(folder: Path) -> Iterator[str]:
    stage = _workflow(folder, "raise ValueError('it went wrong')")
    done = _localagent(stage, "workflow", "run", "x", "-w", "steps")
    if done.code != 1:
        yield f"the run gives {done.code}: {done.last_line()}"
    yield from _resumed(stage, _run_of(stage))
    story = _localagent(stage, "workflow", "show", _run_of(stage))
    if "bad/plugin.py:" not in story.out:
        yield "'workflow show' names no line"


def _the_host_is_killed(folder: Path) -> Iterator[str]:
    stage = _workflow(folder, "os.kill(os.getpid(), signal.SIGKILL)")
    done = _localagent(stage, "workflow", "run", "x", "-w", "steps")
    if done.code != _KILLED:
        yield f"the run gives {done.code}: {done.last_line()}"
    yield from _resumed(stage, _run_of(stage))


def _killed_where_nothing_may_be_repeated(folder: Path) -> Iterator[str]:
    stage = _workflow(folder, "os.kill(os.getpid(), signal.SIGKILL)", repeatable=False)
    _localagent(stage, "workflow", "run", "x", "-w", "steps")
    refused = _localagent(stage, "workflow", "resume", _run_of(stage))
    if refused.code != 4 or "two/step" not in refused.err or "--repeat" not in refused.err:
        yield f"'resume' does not ask: {refused.code}, {refused.last_line()}"
    if _log(stage) != ["one", "two"]:
        yield f"'resume' did not wait for the answer: {_log(stage)}"
    yield from _resumed(stage, _run_of(stage), "--repeat")


def _a_handler_fails_each_time(folder: Path) -> Iterator[str]:
    stage = _stage(folder, _HANDLER)
    done = _localagent(stage, FAULTY)
    log = _log(stage)
    if (log.count("failed"), log.count("worked")) != (3, 5):
        yield f"called {log.count('failed')} times, the other {log.count('worked')} times"
    if done.code != 0 or done.has_traceback:
        yield f"the command gives {done.code}: {done.last_line()}"
    if not any(FAULTY in line and "paused" in line for line in done.err.splitlines()):
        yield "nobody says that it is paused"


SEQUELS: dict[str, Callable[[Path], Iterator[str]]] = {
    "a step of a workflow raises": _a_step_fails,
    "the host is killed in a step of a workflow": _the_host_is_killed,
    "the host is killed in a step that must not be repeated": _killed_where_nothing_may_be_repeated,
    "a handler fails three times in a row": _a_handler_fails_each_time,
}
"""By what happens, what tries it in a folder and tells what falls short, in words."""


def try_sequel(kind: str, folder: Path) -> Iterator[str]:
    """What falls short when this happens, in words; the healthy plugins work afterwards."""
    yield from SEQUELS[kind](folder)
    stage = Stage(folder)
    for name in HEALTHY:
        called = _localagent(stage, name)
        if called.code != 0 or f"hello from {name}" not in called.out:
            yield f"'{name}' gives {called.code}: {called.last_line()}"


def _resumed(stage: Stage, run_id: str, *words: str) -> Iterator[str]:
    """What falls short when a run goes on whose second step has come to be sound."""
    (stage.work / "is-faulty").unlink()
    done = _localagent(stage, "workflow", "resume", run_id, *words)
    if done.code != 0:
        yield f"'resume' gives {done.code}: {done.last_line()}"
    if _log(stage) != ["one", "two", "two", "three"]:
        yield f"'resume' does not go on from where the run was: {', '.join(_log(stage))}"


def _run_of(stage: Stage) -> str:
    """The id of the newest run; empty if none was recorded."""
    told = _localagent(stage, "workflow", "runs", "--json")
    return str(json.loads(told.out)[0]["run"]) if told.code == 0 and told.out.strip() != "[]" else ""


def _localagent(stage: Stage, *words: str) -> Finished:
    return run(stage.cli(*words), env=stage.env, cwd=stage.work, limit=LIMIT)


def _log(stage: Stage) -> list[str]:
    file = stage.work / "log"
    return file.read_text(encoding="utf-8").split() if file.exists() else []
