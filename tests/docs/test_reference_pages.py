"""The pages of the reference are what the program says of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import localagent
import localagent_cli
import localagent_testing
from handbook.manifest_page import example_of, leaves
from handbook.reference import FOLDER, PAGES
from localagent.manifest.model import read_manifest
from localagent.manifest.schema import load_schema
from plain import Run

SCHEMA = load_schema()
KEYS = [about for each in (SCHEMA, *SCHEMA["$defs"].values()) for about in leaves(each, SCHEMA)]
DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run nox -s reference_pages"


def test_the_page_of_commands_says_what_help_says(localagent: Run) -> None:
    section = PAGES["commands.md"]().partition("\n### plugins install\n")[2].partition("\n### ")[0]
    said = localagent("plugins", "install", "--help").out
    options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", said, re.MULTILINE)
    assert len(options) > 8
    assert [option for option in options if option not in section] == ["--help"]


@pytest.mark.parametrize("about", KEYS, ids=[about["title"] for about in KEYS])
def test_a_key_of_the_manifest_has_an_example_that_fits(about: dict[str, Any]) -> None:
    (example,) = about["examples"]
    jsonschema.validate(example, {**about, "$defs": SCHEMA["$defs"]})


def test_all_examples_together_are_a_manifest(tmp_path: Path) -> None:
    page = PAGES["manifest.md"]()
    written = page.rpartition("```yaml\n")[2].removesuffix("```\n")
    file = tmp_path / "plugin-manifest.yaml"
    file.write_text(written, encoding="utf-8")
    read = read_manifest(file)
    assert read.name == "word-lab"
    assert {spec.kind for spec in read.entry_points} == {"command", "provider", "ui", "workflow"}
    jsonschema.validate(example_of(SCHEMA, SCHEMA), SCHEMA)


def test_each_public_name_is_on_one_page() -> None:
    shown = [name for file in (FOLDER / "api").iterdir() for name in DIRECTIVE.findall(file.read_text("utf-8"))]
    public = {
        f"{package.__name__}.{name}"
        for package in (localagent, localagent_cli, localagent_testing)
        for name in package.__all__
        if name != "__version__"
    }
    assert sorted(shown) == sorted(public)
