"""What the template makes, and what the examples are, is built without a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent_cli.packaging.build import build_project
from localagent_cli.scaffold import create_plugin

EXAMPLES = sorted(file.parent for file in (Path(__file__).parents[3] / "examples").glob("*/pyproject.toml"))


@pytest.mark.parametrize("layout", ["flat", "package"])
@pytest.mark.parametrize("kind", ["command", "provider", "ui", "workflow"])
def test_a_new_plugin_is_built_without_a_finding(tmp_path: Path, kind: str, layout: str) -> None:
    answers = {"layout": layout, "author_email": "ada@example.org", "repository": "https://example.org/ada/notebook"}
    made = create_plugin("notebook", kind, into=tmp_path, author="Ada", answers=answers)
    built = build_project(made.path, out=tmp_path / "out", strict=True, purpose="publish")
    assert built.sdist
    assert built.wheel


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_built_without_a_finding(example: Path, tmp_path: Path) -> None:
    built = build_project(example, out=tmp_path / "out", strict=True, purpose="publish")
    assert built.sdist
    assert built.wheel
