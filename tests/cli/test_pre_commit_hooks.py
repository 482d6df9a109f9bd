"""The hooks that repositories of plugins take from this one, run as pre-commit runs them."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from plain import Run

ROOT = Path(__file__).parents[2]
GOOD = """\
name: hello-world
version: "1.0.0"
description: Greets people
plugin_types: [command]
entry_points: {commands: [{name: hello-world, class: "hello_world.plugin:HelloWorld"}]}
"""


@pytest.fixture
def hooks() -> dict[str, dict[str, Any]]:
    """The hooks by id."""
    yaml: Any = YAML(typ="safe")
    listed: list[dict[str, Any]] = yaml.load(ROOT / ".pre-commit-hooks.yaml")
    return {hook["id"]: hook for hook in listed}


def test_the_manifest_hook_is_given_the_manifests_that_changed(
    hooks: dict[str, dict[str, Any]], work: Path, localagent: Run
) -> None:
    hook = hooks["localagent-manifest"]
    names = ["one/plugin-manifest.yaml", "two/plugin-manifest.yaml"]
    assert all(re.search(hook["files"], name) for name in names)
    assert not re.search(hook["files"], "docs/other.yaml")
    for name in names:
        (work / name).parent.mkdir()
        (work / name).write_text(GOOD)
    assert localagent(*_words(hook), *names).code == 0
    (work / names[1]).write_text(GOOD.replace("version", "versions"))
    done = localagent(*_words(hook), *names)
    assert done.code == 1
    assert "LA103" in done.out


def test_the_plugin_hook_checks_the_repository(hooks: dict[str, dict[str, Any]], work: Path, localagent: Run) -> None:
    hook = hooks["localagent-validate"]
    assert hook["pass_filenames"] is False
    assert all(re.search(hook["files"], name) for name in ("plugin.py", "pyproject.toml", "plugin-manifest.yaml"))
    shutil.copytree(ROOT / "tests" / "museum" / "LA306" / "plain-initialize", work, dirs_exist_ok=True)
    done = localagent(*_words(hook))
    assert done.code == 1
    assert "LA306" in done.out


def _words(hook: dict[str, Any]) -> list[str]:
    """What pre-commit runs, without the program, which is this one."""
    program, *words = shlex.split(hook["entry"])
    assert (program, hook["language"]) == ("localagent", "python")
    return words
