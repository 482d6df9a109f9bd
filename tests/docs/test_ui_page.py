"""The page on terminal components shows what really happens: its files are written, its commands run and compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from plain import MakePlugin, Run

PAGE = Path(__file__).parents[2] / "docs" / "ui.md"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_the_commands_print(localagent: Run, make_plugin: MakePlugin, work: Path) -> None:
    commands = 0
    for language, title, text in BLOCK.findall(PAGE.read_text("utf-8")):
        if title == "plugin.py":
            make_plugin("charts", text)
            assert localagent("plugins", "enable", "charts").code == 0
        elif title:
            (work / title).write_text(text, encoding="utf-8")
        if language == "console":
            line, _, output = text.removeprefix("$ ").partition("\n")
            assert localagent(*shlex.split(line)[1:]).text == output
            commands += 1
    assert commands == 4
    (work / "from.json").write_text('{"from": 3}')
    assert localagent("ui", "show", "countdown", "--data", "from.json").out == "go\n"
