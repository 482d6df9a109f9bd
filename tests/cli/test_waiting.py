"""Who waits at a terminal is told for which plugins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from localagent_cli.waiting import announcement
from plain import MakePlugin, Run, command_plugin
from terminal import on_terminal

CLI = (sys.executable, "-m", "localagent_cli")
SLOW = "import time\ntime.sleep(2)\n"


def slow(make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("slow", SLOW + command_plugin("slow"))
    (home / "config.yaml").write_text("plugins: {slow: {enabled: true}}\n")


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("words", [("plugins", "enable", "slow"), ("--help",), ("no-such-command",)], ids=" ".join)
def test_a_long_preflight_is_explained_on_a_terminal(
    home: Path, make_plugin: MakePlugin, words: tuple[str, ...]
) -> None:
    slow(make_plugin, home)
    shown = on_terminal([*CLI, *words], columns=200, env={"LOCALAGENT_HOME": str(home)})
    assert shown.startswith(announcement(["slow"]) + "\n")


def test_a_long_preflight_says_nothing_where_nobody_looks(localagent: Run, home: Path, make_plugin: MakePlugin) -> None:
    slow(make_plugin, home)
    assert localagent("--help").err == ""


def test_of_many_plugins_some_are_named() -> None:
    assert announcement(list("abcde")) == "run once to learn what they offer: a, b, c, d, e ..."
    assert announcement(list("abcdefg")) == "run once to learn what they offer: a, b, c, d, e and 2 more ..."
