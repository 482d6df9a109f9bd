"""``plugins info`` tells why a plugin is not loaded, down to the plugin that is to blame."""

from __future__ import annotations

import json
from pathlib import Path

from plain import MakePlugin, Run, command_plugin


def needing(name: str, *needs: str) -> str:
    return command_plugin(name).replace("version =", f"dependencies = {needs}\n    version =")


def test_what_a_plugin_needs_is_shown_with_how_it_stands_and_where_that_is_said(
    localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    make_plugin("upper", needing("upper", "middle>=1"))
    make_plugin("middle", needing("middle", "lower"))
    make_plugin("lower")
    for name in ("upper", "middle"):
        localagent("plugins", "enable", name)
    told = localagent("plugins", "info", "upper").out
    assert f"needs      middle>=1: 1.2.3 failed (declared in {home}/plugins/upper/plugin.py)" in told
    assert "needs        lower: 1.2.3 disabled: it was never enabled" in told
    assert "failed     needs the plugin 'middle', which needs the plugin 'lower', which is disabled" in told
    assert "fix        localagent plugins enable lower" in told
    called = localagent("upper")
    assert called.code == 3
    assert "fix: localagent plugins enable lower" in called.err

    localagent("plugins", "enable", "lower")
    told = localagent("plugins", "info", "upper").out
    assert "preflight  1 command, 0 offers, 0 topics" in told
    assert "import: " in told
    assert localagent("upper").out == "hello from upper\n"
    facts = json.loads(localagent("plugins", "info", "middle", "--json").out)
    assert facts["needed_by"] == ["upper"]
    assert [need["name"] for need in facts["needs"]] == ["lower"]
    assert [cost["step"] for cost in facts["costs"]] == ["import", "construct", "register"]


def test_a_circle_shows_in_the_list_and_leaves_others_alone(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("left", needing("left", "right"))
    make_plugin("right", needing("right", "left"))
    make_plugin("free")
    for name in ("left", "right", "free"):
        localagent("plugins", "enable", name)
    listed = {each["name"]: each for each in json.loads(localagent("plugins", "list", "--json").out)}
    assert [listed[name]["state"] for name in ("left", "right", "free")] == ["failed", "failed", "enabled"]
    assert listed["left"]["step"] == "dependencies"
    assert "left -> right -> left" in listed["right"]["reason"]
    assert localagent("free").code == 0
    assert "left" not in localagent("--help").out
