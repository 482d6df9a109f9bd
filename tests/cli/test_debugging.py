"""Plugins in the debugger of an editor: what it is told to launch, and what lets it in."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from debugger import Debugger, launching
from localagent_cli import plugin_list
from plain import Run


@pytest.fixture
def analyser(localagent: Run, work: Path) -> Path:
    """The project analyser as it is made."""
    assert localagent("dev", "create-plugin", "project-analyzer", "command").code == 0
    return work / "dev-plugins" / "project-analyzer"


def configuration(folder: Path, number: int) -> dict[str, Any]:
    """What a folder tells the editor to launch, as the editor understands it."""
    text = (folder / ".vscode" / "launch.json").read_text()
    text = text.replace("${workspaceFolder}", str(folder))
    chosen: dict[str, Any] = json.loads(text)["configurations"][number]
    return chosen


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
        debugger.begin("launch", configuration(analyser, 0), {plugin: [initialise, command]})
        assert debugger.stopped_at() == (plugin, initialise, "initialize")
        time.sleep(1)
        debugger.go_on()
        assert debugger.stopped_at() == (plugin, command, "analyze_project")
        assert leave(debugger, plugin) == 0, debugger.output
        assert "pyproject.toml" in debugger.output


def test_the_tests_of_a_new_plugin_stop_where_the_editor_wants_it(analyser: Path) -> None:
    plugin = analyser / "plugin.py"
    line = line_of(plugin, "self.context = context")
    with launching() as debugger:
        debugger.begin("launch", configuration(analyser, 1), {plugin: [line]})
        assert debugger.stopped_at() == (plugin, line, "initialize")
        assert leave(debugger, plugin) == 0, debugger.output
        assert " passed" in debugger.output


def test_the_host_stops_where_the_editor_wants_it(localagent: Run, work: Path) -> None:
    assert localagent("dev", "init").code == 0
    file = Path(plugin_list.__file__)
    line = line_of(file, 'plugins = contents["plugins"]')
    with launching() as debugger:
        debugger.begin("launch", configuration(work, 0), {file: [line]})
        assert debugger.stopped_at() == (file, line, "answer")
        assert leave(debugger, file) == 0, debugger.output
