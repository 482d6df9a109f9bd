"""``localagent trace``: where a command's time went, beside what the command itself prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plain import MakePlugin, Run

SPEAKER = """
import time
from localagent import CommandPlugin

time.sleep(0.05)

class Speaker(CommandPlugin):
    name = "speaker"

    async def initialize(self, context):
        self.bus = context.message_bus
        self.bus.register_direct_handler("speaker", self.hear)
        return True

    async def hear(self, message):
        return len(message.data)

    def register_commands(self, app):
        @app.command("speak")
        async def speak(code: int = 0):
            for _ in range(3):
                await self.bus.request("speaker", "speaker", "word")
            print("spoken")
            raise SystemExit(code)
"""


@pytest.fixture
def speaking(localagent: Run, make_plugin: MakePlugin) -> Run:
    make_plugin("speaker", SPEAKER)
    assert localagent("plugins", "enable", "speaker").code == 0
    return localagent


def test_what_the_command_prints_and_its_code_stay_as_they_are(speaking: Run) -> None:
    done = speaking("trace", "speak", "--code", "3")
    assert (done.code, done.out) == (3, "spoken\n")
    lines = done.err.splitlines()
    assert lines[0].split() == ["plugin", "step", "at", "ms", "ms", "MB"]
    steps = [line.split()[1] for line in lines[1:-1]]
    assert [step for step in steps if step in ("import", "initialise", "command", "cleanup")] == [
        "import",
        "initialise",
        "command",
        "cleanup",
    ]
    (command,) = [line for line in lines if " command" in line]
    assert "FAILED" in command
    assert lines[-1].startswith("calls: ")
    assert "FAILED" not in speaking("trace", "--", "speak").err


def test_each_call_is_in_the_file_with_its_place_in_time(speaking: Run, work: Path) -> None:
    done = speaking("trace", "--json", "trace.json", "speak")
    assert done.err.endswith("wrote trace.json\n")
    spans = json.loads((work / "trace.json").read_text())["spans"]
    by_step = {span["step"]: span for span in spans}
    assert by_step["import"]["seconds"] >= 0.05
    assert by_step["import"]["plugin"] == "speaker"
    messages = [span for span in spans if span["step"] == "handler of direct messages"]
    assert len(messages) == 3, spans
    command = by_step["command"]
    for message in messages:
        assert command["began"] <= message["began"] <= command["began"] + command["seconds"]
    assert [span["began"] for span in spans] == sorted(span["began"] for span in spans)


@pytest.mark.parametrize("columns", ["20", "200"])
def test_lines_fit_where_they_can(speaking: Run, columns: str) -> None:
    lines = speaking("trace", "speak", env={"COLUMNS": columns}).err.splitlines()
    assert ("█" in "".join(lines)) is (columns == "200")
    assert max(map(len, lines)) <= max(int(columns), 60)


def test_a_plugin_that_runs_from_its_source_folder_is_traced(
    localagent: Run, make_plugin: MakePlugin, work: Path
) -> None:
    folder = make_plugin("speaker", SPEAKER, into=work)
    done = localagent("trace", "dev", "run", folder, "--", "speak")
    assert (done.code, done.out) == (0, "spoken\n")
    assert "speaker  command" in done.err


def test_a_command_of_the_host_calls_no_plugin(speaking: Run) -> None:
    done = speaking("trace", "plugins", "list")
    assert "speaker" in done.out
    assert done.err == "no plugin's code was called\n"


def test_a_command_is_asked_for(localagent: Run) -> None:
    done = localagent("trace")
    assert (done.code, "fix: localagent trace COMMAND..." in done.err) == (2, True)
    assert localagent("trace", "nobody").code == 2
