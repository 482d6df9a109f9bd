"""The page on settings shows what really happens: its files are written, its commands run, its output compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from plain import MakePlugin, Run

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, str, str]]:
    """Language, title and text of each block of the page."""
    for found in BLOCK.finditer(PAGE.read_text("utf-8")):
        yield found[1], found[2] or "", found[3]


def test_the_walk_through_shows_what_the_commands_print(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("greeter")
    shown: list[str] = []
    printed: list[str] = []
    for language, title, text in blocks():
        if title:
            (home / title).write_text(text, encoding="utf-8")
        if language == "console":
            line, _, output = text.removeprefix("$ ").partition("\n")
            words = shlex.split(line)
            start = words.index("localagent")
            done = localagent(*words[start + 1 :], env=dict(word.split("=", 1) for word in words[:start]))
            shown.append(output)
            printed.append(done.text.replace(str(home), "~/.localagent"))
    assert len(shown) == 2
    assert printed == shown
