"""The public names are those that are documented, and nobody takes one away unnoticed."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from public_api.__main__ import main
from public_api.breaks import PACKAGES

PAGE = Path(__file__).parents[1] / "docs" / "api-stability.md"
BEFORE = """
from localagent.inner import Greeter as Greeter
__all__ = ["Greeter", "greet"]
def greet(name, loud=False): ...
def hidden(name): ...
"""
INNER = "class Greeter:\n    def wave(self, hand): ...\n"

Release = Callable[[str, str, str], int]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_names_are_the_documented_ones(package: str) -> None:
    block = re.search(rf"^### `{package}`\n\n```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert block
    assert block[1].split() == sorted(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_explained(package: str) -> None:
    """Variables are explained in their source, which Python does not keep; inherited members where they are defined."""
    module = importlib.import_module(package)
    names = {name: value for name in module.__all__ if callable(value := getattr(module, name))}
    members = {
        f"{name}.{own}": member
        for name, value in names.items()
        if isinstance(value, type)
        for own, member in vars(value).items()
        if not own.startswith("_") and (callable(member) or isinstance(member, property))
    }
    unexplained = [name for name, value in (names | members).items() if not inspect.getdoc(value)]
    assert unexplained == []


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def write(folder: Path, root: str, inner: str, changelog: str) -> None:
    package = folder / "sdk" / "localagent"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(root)
    (package / "inner.py").write_text(inner)
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n## 2.0\n\n{changelog}\n## 1.0\n\n### Breaking\n\n- `all`\n")


@pytest.fixture
def next_release(tmp_path: Path) -> Release:
    """Gives what the guard ends with for a change after a small package's release."""
    write(tmp_path, BEFORE, INNER, "")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    git(tmp_path, "tag", "v1.0")

    def compare(root: str, inner: str, changelog: str) -> int:
        write(tmp_path, root, inner, changelog)
        return main(tmp_path)

    return compare


@pytest.mark.parametrize(
    ("root", "inner", "name"),
    [
        (BEFORE.replace(", loud=False", ""), INNER, "localagent.greet"),
        (BEFORE.replace(', "greet"', ""), INNER, "localagent.greet"),
        (BEFORE.replace("name, loud", "name, who, loud"), INNER, "localagent.greet"),
        (BEFORE, INNER.replace("wave", "nod"), "localagent.Greeter.wave"),
    ],
    ids=["removed parameter", "name no longer public", "parameter now needed", "removed method"],
)
def test_a_break_fails_unless_it_is_declared(
    root: str, inner: str, name: str, next_release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    assert next_release(root, inner, "") == 1
    assert f"BREAKS: {name}: " in capsys.readouterr().out
    assert next_release(root, inner, f"### Breaking\n\n- `{name}` is another.\n") == 0
    assert f"declared: {name}: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("root", "inner"),
    [
        (BEFORE, INNER),
        (BEFORE.replace("loud=False", "loud=False, twice=False"), INNER),
        (BEFORE.replace("def hidden(name)", "def hidden()"), INNER),
        (BEFORE.replace('"greet"]', '"bye", "greet"]\ndef bye(): ...'), INNER),
    ],
    ids=["nothing", "added parameter", "a private function", "added name"],
)
def test_what_breaks_nobody_passes(root: str, inner: str, next_release: Release) -> None:
    assert next_release(root, inner, "") == 0


def test_without_a_release_there_is_nothing_to_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "--quiet")
    assert main(tmp_path) == 0
    assert "no release has a tag yet" in capsys.readouterr().out
