"""A new plugin of every kind and layout, with and without what is optional, is ready to be published.

``nox -s templates`` runs this against the installed wheel and brings the tools along.
"""

from __future__ import annotations

import shutil
import sys
from itertools import product
from pathlib import Path

import pytest

from rendering import ALL, check_types, render, run, run_program

TOOLS = ("actionlint", "basedpyright", "zizmor")
BESIDE_PYTHON = str(Path(sys.executable).parent)
MATRIX = [(*each, ci, docker) for each, ci, docker in product(ALL, ("ci", ""), ("docker", ""))]

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not all(shutil.which(tool, path=BESIDE_PYTHON) for tool in TOOLS), reason="the tools come with nox -s templates"
    ),
]


def tool(name: str) -> str:
    return str(Path(BESIDE_PYTHON, name))


@pytest.mark.parametrize(
    ("kind", "layout", "ci", "docker"), MATRIX, ids=["-".join(filter(None, each)) for each in MATRIX]
)
def test_all_that_a_release_needs_holds(
    kind: str, layout: str, ci: str, docker: str, tmp_path: Path, type_cache: Path
) -> None:
    plugin = render(tmp_path, "word-lab", kind, layout, ci=str(bool(ci)), docker=str(bool(docker)))
    home = {"LOCALAGENT_HOME": str(tmp_path / "home")}
    run("ruff", "check", "--no-cache", ".", at=plugin)
    run("ruff", "format", "--no-cache", "--check", ".", at=plugin)
    check_types("--strict", cache=type_cache, at=plugin)
    run_program(tool("basedpyright"), "--pythonpath", sys.executable, at=plugin)
    run("coverage", "run", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", at=plugin)
    run("coverage", "report", at=plugin)
    commit(plugin)
    for command in commands_in(plugin / "README.md"):
        run("localagent_cli", *command, at=plugin, **home)
    if ci:
        workflows = [str(path) for path in (plugin / ".github" / "workflows").iterdir()]
        run_program(tool("actionlint"), *workflows, at=plugin)
        run_program(tool("zizmor"), "--offline", "--quiet", ".", at=plugin)


def commands_in(readme: Path) -> list[list[str]]:
    """What the loop of editing, testing and publishing runs, in its order, but for installing."""
    loop = readme.read_text("utf-8").partition("## Edit, test, publish")[2].partition("## The files")[0]
    commands = [line.split()[2:] for line in loop.splitlines() if line.startswith("$ localagent ")]
    assert [command[:2] for command in commands] == [
        ["dev", "run"],
        ["plugins", "test"],
        ["dev", "validate"],
        ["dev", "build"],
        ["plugins", "install"],
        ["dev", "publish"],
    ]
    return [command for command in commands if command[:2] != ["plugins", "install"]]


def commit(folder: Path) -> None:
    """Make a repository of a folder, with all that is in it."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "begun")):
        run_program("git", *words, at=folder)
