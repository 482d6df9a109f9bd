"""The page on JSON names just the keys that commands print."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plain import MakePlugin, Run, command_plugin
from rendering import render

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
NEEDY = """
from localagent import CommandPlugin

class Needy(CommandPlugin):
    name = "needy"
    dependencies = ["greeter"]

    def register_commands(self, app):
        @app.command("needy")
        def needy():
            "Need somebody."
"""


def named_on_page(section: str) -> set[str]:
    """The keys in the first column of a section's table."""
    cells = re.findall(r"^\| (`.*?) \| ", SECTIONS[section], re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}


def keys_of(value: Any, above: str = "") -> Iterator[str]:
    """Every key of a JSON value, with those above it."""
    if isinstance(value, dict):
        for key, below in value.items():
            path = f"{above}.{key}" if above else key
            yield path
            yield from keys_of(below, path)
    elif isinstance(value, list):
        for item in value:
            yield from keys_of(item, f"{above}[]")


def check(section: str, printed: str, *, more: str = "") -> None:
    """The keys that were printed are those on the page, those of the section `more` among them."""
    seen = set(keys_of(json.loads(printed)))
    named = named_on_page(section) | ({key.removeprefix("[].") for key in named_on_page(more)} if more else set())
    assert seen == named


@pytest.fixture
def lab(work: Path) -> Path:
    return render(work, "word-lab", "command", "flat")


def test_plugins(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("greeter")
    make_plugin("needy", NEEDY)
    for name in ("greeter", "needy"):
        assert localagent("plugins", "enable", name).code == 0
    check("plugins list --json", localagent("plugins", "list", "--json").out)
    info = localagent("plugins", "info", "needy", "--json").out
    check("plugins info NAME --json", info, more="plugins list --json")


def test_a_trace(localagent: Run, make_plugin: MakePlugin, work: Path) -> None:
    make_plugin("greeter")
    localagent("plugins", "enable", "greeter")
    localagent("trace", "--json", "trace.json", "greeter")
    check("trace --json FILE", (work / "trace.json").read_text("utf-8"))


def test_a_plugin_that_is_broken_has_the_same_keys(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("greeter", f"import nobody_has_this\n{command_plugin('greeter')}")
    localagent("plugins", "enable", "greeter")
    (plugin,) = json.loads(localagent("plugins", "list", "--json").out)
    named = {key.removeprefix("[].") for key in named_on_page("plugins list --json")}
    assert set(keys_of(plugin)) == {key for key in named if "commands[]" not in key}


def test_findings_and_score(localagent: Run, lab: Path) -> None:
    manifest = lab / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("license:", "licence:"), encoding="utf-8")
    check("dev validate --format json", localagent("dev", "validate", lab, "--format", "json").out)
    check("dev score --json", localagent("dev", "score", lab, "--json").out)
    check("dev explain RULE --json", localagent("dev", "explain", "LA103", "--json").out)


def test_tests(localagent: Run, lab: Path) -> None:
    check("plugins test --json", localagent("plugins", "test", lab, "--json").out)


def test_what_is_built_and_installed(localagent: Run, lab: Path) -> None:
    check("dev build --json", localagent("dev", "build", lab, "--json").out)
    (wheel,) = (lab / "dist").glob("*.whl")
    plan = localagent("plugins", "install", wheel, "--dry-run", "--json").out
    check("plugins install --dry-run --json", plan)
    assert localagent("plugins", "install", wheel, "--yes").code == 0
    check("plugins lock --json", localagent("plugins", "lock", "--json").out)
    indexed = json.loads(localagent("dev", "index", lab / "dist", "--json").out)
    found = localagent("plugins", "search", "word", "--catalogue", lab / "dist", "--json").out
    check("plugins search --json", found)
    assert {*keys_of(indexed), "[].catalogue"} == named_on_page("plugins search --json")


def test_what_is_made(localagent: Run) -> None:
    check("dev init --json", localagent("dev", "init", "--json").out)
    check("dev create-plugin --json", localagent("dev", "create-plugin", "word-lab", "command", "--json").out)


@pytest.mark.parametrize("words", ["doctor", "providers list", "ui list", "workflow list"])
def test_lists(localagent: Run, words: str) -> None:
    check(f"{words} --json", localagent(*words.split(), "--json").out)


def test_where_a_command_fails_nothing_is_printed(localagent: Run) -> None:
    done = localagent("plugins", "info", "nobody", "--json")
    assert (done.code, done.out) == (3, "")
