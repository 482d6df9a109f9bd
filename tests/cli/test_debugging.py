"""Plugins in the debugger of an editor: what it is told to launch, and what lets it in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from debugger import Debugger, attached, launching
from localagent_cli import plugin_list
from localagent_cli.watching.debugger import split_port
from plain import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def analyser(localagent: Run, work: Path) -> Path:
    """The project analyser as it is made."""
    assert localagent("dev", "create-plugin", "project-analyzer", "command").code == 0
    return work / "dev-plugins" / "project-analyzer"


def configuration(folder: Path, name: str) -> dict[str, Any]:
    """What a folder tells the editor to launch, as the editor understands it where nobody types another input."""
    launch = json.loads((folder / ".vscode" / "launch.json").read_text())
    values = {"${workspaceFolder}": str(folder)}
    values |= {f"${{input:{asked['id']}}}": asked["default"] for asked in launch.get("inputs", ())}
    chosen = next(each for each in launch["configurations"] if each["name"] == name)
    text = json.dumps(chosen)
    for variable, value in values.items():
        text = text.replace(variable, value)
    understood: dict[str, Any] = json.loads(text)
    # Where it names no folder, the editor starts it in the one that is open.
    return {"cwd": str(folder), **understood}


def line_of(file: Path, text: str) -> int:
    """The first line that has this in it."""
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line)


def leave(debugger: Debugger, file: Path) -> int:
    """Go on without breakpoints; gives the exit code."""
    debugger.set_breakpoints(file)
    debugger.go_on()
    return debugger.ended()


def test_the_command_of_a_new_plugin_stops_where_the_editor_wants_it(analyser: Path, home: Path) -> None:
    """However long somebody looks on: no step of a plugin is late meanwhile."""
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text("budgets: {initialise: 0.2, import: 0.2}\n")
    plugin = analyser / "plugin.py"
    initialise, command = (line_of(plugin, text) for text in ("self.context = context", "analysis = analyze("))
    with launching() as debugger:
        debugger.begin("launch", configuration(analyser, "Plugin in LocalAgent"), {plugin: [initialise, command]})
        assert debugger.stopped_at() == (plugin, initialise, "initialize")
        time.sleep(1)
        debugger.go_on()
        assert debugger.stopped_at() == (plugin, command, "analyze_project")
        assert leave(debugger, plugin) == 0, debugger.output
        assert "pyproject.toml" in debugger.output


def test_the_tests_of_a_new_plugin_stop_where_the_editor_wants_it(analyser: Path) -> None:
    """In a test, and in the plugin that it calls."""
    with launching() as debugger:
        stop_in_a_test(debugger, configuration(analyser, "Plugin's tests"), analyser)


def test_the_workspace_has_the_tests_of_a_plugin_stop_where_the_editor_wants_it(localagent: Run, work: Path) -> None:
    """They run in a process of their own, into which the debugger goes as well."""
    assert localagent("dev", "init").code == 0
    assert localagent("dev", "create-plugin", "my-plugin", "command").code == 0
    settings = configuration(work, "Plugin's tests")
    assert settings["args"][-1] == "dev-plugins/my-plugin"
    with launching() as debugger:
        stop_in_a_test(debugger, settings, work / "dev-plugins" / "my-plugin")


def stop_in_a_test(debugger: Debugger, settings: dict[str, Any], folder: Path) -> None:
    """Launch the tests of a plugin, stop in the first that reads its own line, then in the plugin, and go on."""
    plugin, tests = folder / "plugin.py", folder / "tests" / "test_plugin.py"
    in_test, in_plugin = line_of(tests, "asyncio.run(made.initialize("), line_of(plugin, "self.context = context")
    debugger.begin("launch", settings, {tests: [in_test]})
    assert debugger.stopped_at()[:2] == (tests, in_test)
    debugger.set_breakpoints(tests)
    debugger.set_breakpoints(plugin, in_plugin)
    debugger.go_on()
    assert debugger.stopped_at() == (plugin, in_plugin, "initialize")
    assert leave(debugger, plugin) == 0, debugger.output
    assert " passed" in debugger.output


def test_the_host_stops_where_the_editor_wants_it(localagent: Run, work: Path) -> None:
    assert localagent("dev", "init").code == 0
    file = Path(plugin_list.__file__)
    line = line_of(file, 'plugins = contents["plugins"]')
    with launching() as debugger:
        debugger.begin("launch", configuration(work, "LocalAgent"), {file: [line]})
        assert debugger.stopped_at() == (file, line, "answer")
        assert leave(debugger, file) == 0, debugger.output


@pytest.fixture
def watched(analyser: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that watches the plugin and lets a debugger in."""
    argv = [sys.executable, "-m", "localagent_cli", "dev", "watch", "--json", "--debugpy", "0", str(analyser)]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env) as process:
        yield process
        process.terminate()


def told(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    """The next event of this kind."""
    assert process.stdout is not None
    return next(event for event in map(json.loads, process.stdout) if event["event"] == kind)


def test_a_debugger_is_let_into_the_host_and_stops_in_what_was_saved(
    watched: subprocess.Popen[str], analyser: Path
) -> None:
    """In two lives one after the other, the second of which lies a line further down."""
    plugin = analyser / "plugin.py"
    place = told(watched, "debuggable")
    assert place["host"] == "127.0.0.1"
    listening = {(*each.laddr,) for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert [address for address in listening if place["port"] in address] == [("127.0.0.1", place["port"])]
    told(watched, "watching")
    with attached(place["port"]) as debugger:
        line = line_of(plugin, "self.context = context")
        debugger.begin("attach", {"justMyCode": False}, {plugin: [line]})
        for generation in (2, 3):
            debugger.set_breakpoints(plugin, line + 1)
            plugin.write_text("\n" + plugin.read_text())
            line += 1
            assert debugger.stopped_at() == (plugin, line, "initialize")
            debugger.go_on()
            assert told(watched, "reloaded")["generation"] == generation


@pytest.mark.parametrize(
    ("words", "port", "rest"),
    [
        ([], None, []),
        (["a"], None, ["a"]),
        (["--debugpy"], 5678, []),
        (["--debugpy", "a", "b"], 5678, ["a", "b"]),
        (["a", "--debugpy", "0", "b"], 0, ["a", "b"]),
        (["--debugpy=99", "a"], 99, ["a"]),
    ],
    ids=str,
)
def test_the_port_may_be_left_out(words: list[str], port: int | None, rest: list[str]) -> None:
    assert split_port(words) == (port, rest)


@pytest.mark.parametrize("word", ["--debugpy=", "--debugpy=x", "--debugpy=65536"])
def test_what_is_no_port_is_refused(localagent: Run, work: Path, word: str) -> None:
    done = localagent("dev", "watch", word, work)
    assert done.code == 2
    assert "is no port" in done.err
    assert "fix: write it as --debugpy 5678" in done.err
