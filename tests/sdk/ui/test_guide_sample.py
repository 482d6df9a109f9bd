"""The terminal components that the development guide shows, inside a plugin, drawn by the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guide_text import block_with
from plain import MakePlugin, Run

MISSING_IMPORTS = """
from typing import Any, Dict, List
from app.cli.plugins.framework import WorkflowStatus
"""

DATA = {
    "data_table": ([{"name": "alpha", "size": 3}, {"name": "[bold]beta", "size": 4}], ["alpha", "[bold]beta", "Size"]),
    "progress_dashboard": ([{"name": "first", "progress": 40}], ["first", "40%"]),
    "status_panel": ({"host": "ready", "plugins": 3}, ["System Status", "host: ready"]),
}


@pytest.mark.parametrize("component", DATA)
def test_each_component_draws(
    component: str, make_plugin: MakePlugin, localagent: Run, work: Path, tmp_path: Path
) -> None:
    make_plugin("custom-ui-components", MISSING_IMPORTS + block_with("class CustomUIPlugin(UIPlugin)"))
    assert localagent("plugins", "enable", "custom-ui-components").code == 0
    data, expected = DATA[component]
    (work / "data.json").write_text(json.dumps(data))
    exported = tmp_path / "drawing.txt"
    options = ("--data", "data.json", "--export", str(exported))
    done = localagent("ui", "show", f"custom-ui-components:{component}", *options)
    assert done.code == 0, done.text
    drawn = done.out + exported.read_text()
    assert [word for word in expected if word not in drawn] == []
