"""``plugins bisect``: which plugin breaks a command, found by exit codes alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent_cli.bisecting import Ended, bisect, most_runs
from plain import MakePlugin, Run, command_plugin

LISTENER = """
import os
from localagent import CommandPlugin

class Listener(CommandPlugin):
    name = "{name}"

    def register_commands(self, app):
        pass

    async def initialize(self, context):
        context.message_bus.subscribe("begun", self.hear)
        return True

    async def hear(self, message):
        {deed}
"""
MANIFEST = """\
name: {name}
version: "1.0.0"
description: Listens
plugin_types: [command]
entry_points: {{commands: [{{name: {name}, class: "plugin:Listener", activation: [begun]}}]}}
"""
SPEAKER = """
from localagent import CommandPlugin

class Speaker(CommandPlugin):
    name = "speaker"

    async def initialize(self, context):
        self.bus = context.message_bus
        return True

    def register_commands(self, app):
        @app.command("speak")
        async def speak(code: int = 0):
            await self.bus.broadcast("speaker", "begun", None)
            print("spoken")
            raise SystemExit(code)
"""
NAMES = tuple(f"p{number:03}" for number in range(200))


@given(st.integers(0, 200), st.integers(0, 200))
def test_two_hundred_plugins_take_nine_runs_at_most(number: int, culprit: int) -> None:
    names = NAMES[:number]
    guilty = names[culprit - 1] if 0 < culprit <= number else ""

    def attempt(present: Sequence[str]) -> Ended:
        return Ended(len(present), 7 if guilty in present or not guilty else 0)

    found = bisect((), names, attempt)
    assert found.culprit == guilty
    assert len(found.runs) <= most_runs(number) <= 9


def test_a_command_that_ends_well_is_run_once() -> None:
    found = bisect(("mine",), NAMES, lambda present: Ended(len(present), 0))
    assert (found.code, found.culprit, len(found.runs)) == (0, "", 1)


@pytest.fixture
def crowd(localagent: Run, make_plugin: MakePlugin) -> Run:
    """A speaker and six that listen, of which one ends the process."""
    make_plugin("speaker", SPEAKER)
    for name in ("l0", "l1", "l2", "l3", "l4", "l5"):
        folder = make_plugin(name, LISTENER.format(name=name, deed="os._exit(5)" if name == "l3" else "pass"))
        (folder / "plugin-manifest.yaml").write_text(MANIFEST.format(name=name))
        assert localagent("plugins", "enable", name).code == 0
    assert localagent("plugins", "enable", "speaker").code == 0
    return localagent


def test_the_plugin_that_breaks_a_command_is_named(crowd: Run, home: Path) -> None:
    before = {name: (home / name).read_bytes() for name in ("plugins.lock",)}
    done = crowd("plugins", "bisect", "--", "speak")
    assert done.code == 0, done.text
    assert "6 plugins may be it; at most 4 runs" in done.err
    assert done.out.startswith("l3: with it, beside 3 others 'speak' ends with 5, without it with 0:\n")
    assert "fix: localagent plugins disable l3\n" in done.out
    assert {name: (home / name).read_bytes() for name in before} == before
    assert "quarantined" not in crowd("plugins", "list").text
    found = json.loads(crowd("plugins", "bisect", "--json", "--", "speak").out)
    assert (found["culprit"], found["code"], found["needed"]) == ("l3", 5, ["speaker"])
    assert len(found["runs"]) <= 4


def test_a_command_that_is_broken_by_nobody_else_says_so(crowd: Run) -> None:
    crowd("plugins", "disable", "l3")
    done = crowd("plugins", "bisect", "speak", "--code", "4")
    assert done.code == 1
    assert done.out.startswith("'speak --code 4' ends with 4 with no plugin but speaker, so no other one breaks it:\n")
    fine = crowd("plugins", "bisect", "--", "speak")
    assert (fine.code, fine.out) == (1, "'speak' ends with 0 with all 5 other plugins: there is nothing to find\n")


def test_a_command_that_does_not_exist_needs_no_plugin(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("one", command_plugin("one"))
    localagent("plugins", "enable", "one")
    done = localagent("plugins", "bisect", "--", "nobody")
    assert done.code == 1
    assert "ends with 2 with no plugin at all" in done.out


def test_a_command_is_asked_for(localagent: Run) -> None:
    done = localagent("plugins", "bisect")
    assert (done.code, "fix: localagent plugins bisect -- COMMAND..." in done.err) == (2, True)


def test_an_interrupt_ends_the_run_and_the_search(crowd: Run, home: Path, make_plugin: MakePlugin) -> None:
    make_plugin(
        "sleeper", command_plugin("sleeper", command="print('asleep', flush=True); import time; time.sleep(60)")
    )
    crowd("plugins", "enable", "sleeper")
    argv = [sys.executable, "-m", "localagent_cli", "--home", str(home), "plugins", "bisect", "--", "sleeper"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "plugins may be it" in process.stderr.readline()
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143
