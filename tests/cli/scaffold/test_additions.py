"""What a manifest and a pyproject.toml get with another plugin, line by line."""

from __future__ import annotations

import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from localagent.manifest.document import parse_document
from localagent_cli.scaffold.manifest_additions import manifest_with
from localagent_cli.scaffold.pyproject_additions import pyproject_with
from localagent_cli.scaffold.requirements import missing_requirements

FILE = Path("plugin-manifest.yaml")
MANIFEST = """\
plugin_types: [ui]  # flow
entry_points:
  ui:
    - name: notes
      class: "notes.plugin:Notes"  # the class

# What it needs.
"""
ADDED: dict[str, Any] = {
    "plugin_types": ["command"],
    "entry_points": {"commands": [{"name": "more", "class": "notes.more.plugin:More"}]},
}


def added_lines(before: str, **added: Any) -> list[str]:
    after = manifest_with(before, {**ADDED, **added}, FILE).splitlines()
    return [line for line in after if line not in before.splitlines()]


def test_a_list_in_brackets_stays_one() -> None:
    assert added_lines(MANIFEST) == [
        "plugin_types: [ui, command] # flow",
        "  commands:",
        "    - name: more",
        "      class: notes.more.plugin:More",
    ]


def test_what_follows_stays_behind() -> None:
    assert manifest_with(MANIFEST, ADDED, FILE).endswith("      class: notes.more.plugin:More\n\n# What it needs.\n")
    ended = manifest_with(MANIFEST, ADDED | {"permissions": {"network": True}}, FILE)
    assert ended.endswith("permissions:\n  network: true\n\n# What it needs.\n")


def test_a_kind_that_is_there_is_not_told_twice() -> None:
    after = manifest_with(MANIFEST, {**ADDED, "plugin_types": ["ui"]}, FILE)
    assert after.startswith("plugin_types: [ui]  # flow\n")


@pytest.mark.parametrize(
    ("present", "added", "both"),
    [
        ("[read]", ["read", "write"], ["read", "write"]),
        ("[read]", True, True),
        ("true", ["read"], True),
        ("false", ["read"], ["read"]),
        ("read", ["write"], ["read", "write"]),
        ("[read]", "write", ["read", "write"]),
        ("read", True, True),
    ],
)
def test_a_permission_covers_both_plugins(present: str, added: Any, both: Any) -> None:
    text = f"{MANIFEST}permissions:\n  files: {present}  # why\n\ntags: [x]\n"
    after = manifest_with(text, ADDED | {"permissions": {"files": added}}, FILE)
    assert parse_document(after.encode(), FILE).data["permissions"] == {"files": both}
    assert "\n\ntags: [x]\n" in after


@pytest.mark.parametrize(
    "written", ["dependencies: {plugins: [x]}", "dependencies:\n  required: []", "dependencies:", ""]
)
def test_requirements_are_added_to_what_is_there(written: str) -> None:
    after = manifest_with(f"{MANIFEST}{written}\n", ADDED | {"dependencies": {"required": ["rich>=14"]}}, FILE)
    assert parse_document(after.encode(), FILE).data["dependencies"]["required"] == ["rich>=14"]


def test_a_requirement_that_is_there_in_another_version_stays() -> None:
    assert missing_requirements(
        ["Rich[x]>=13 ; python_version > '3'", "not one!"], ["rich>=14", "typer", "not one!"]
    ) == ["typer"]


def test_tools_that_name_packages_are_told_of_the_new_one() -> None:
    text = textwrap.dedent(
        """\
        [project]
        name = "x"
        dynamic = ["dependencies"]

        [tool.setuptools]
        packages = ["notes"]  # all

        [tool.basedpyright]
        include = ["plugin.py", "tests"]
        """
    )
    added = {"project": {"entry-points": {"g": {"more": "notes.more:More"}}, "dependencies": ["rich"]}}
    after = pyproject_with(text, added, package="notes.more", folder="more", file=Path("pyproject.toml"))
    assert tomllib.loads(after) == {
        "project": {"name": "x", "dynamic": ["dependencies"], "entry-points": {"g": {"more": "notes.more:More"}}},
        "tool": {
            "setuptools": {"packages": ["notes", "notes.more"], "package-data": {"notes.more": ["*.json"]}},
            "basedpyright": {"include": ["plugin.py", "tests", "more"]},
        },
    }
    assert "# all" in after


def test_a_project_without_such_tools_gets_metadata_only() -> None:
    added = {"project": {"entry-points": {"g": {"more": "a:B"}}, "optional-dependencies": {"test": ["pytest"]}}}
    text = '[project]\nname = "x"\noptional-dependencies.test = []\n'
    after = tomllib.loads(pyproject_with(text, added, package="a.b", folder="a/b", file=Path("pyproject.toml")))
    assert after["project"]["entry-points"] == {"g": {"more": "a:B"}}
    assert after["project"]["optional-dependencies"] == {"test": ["pytest"]}
    assert "tool" not in after
