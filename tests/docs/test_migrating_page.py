"""The page for those who come from the guide: both spellings are the same thing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from localagent import guide_names
from plain import MakePlugin, Run

PAGE = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text("utf-8")
IMPORTS = re.findall(r"^\| `(from [\w.]+ import \w+)` \| `(from [\w.]+ import \w+)` \|$", PAGE, re.MULTILINE)
COMMANDS = re.findall(r"^\| `localagent (plugins --[^`]+)` \| `localagent (plugins [^`]+)` \|$", PAGE, re.MULTILINE)


def imported(line: str) -> object:
    names: dict[str, object] = {}
    exec(line, names)  # noqa: S102 - a line of the page
    return names[line.rsplit(maxsplit=1)[-1]]


@pytest.mark.parametrize(("old", "new"), IMPORTS)
def test_both_imports_give_the_same_class(old: str, new: str) -> None:
    guide_names.install()
    assert imported(old) is imported(new)


@pytest.mark.parametrize("pair", [pair for pair in COMMANDS if "test" not in pair[1]], ids=lambda pair: pair[1])
def test_both_commands_do_the_same(pair: tuple[str, str], localagent: Run, make_plugin: MakePlugin, work: Path) -> None:
    make_plugin("my-plugin")
    (work / "my-plugin").mkdir()
    first, second = (localagent(*shlex.split(line)) for line in pair)
    assert first.code == second.code
    assert second.out == first.out or "already" in second.text


def test_the_tables_are_read() -> None:
    assert (len(IMPORTS), len(COMMANDS)) == (6, 5)
