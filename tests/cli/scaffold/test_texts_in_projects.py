"""Descriptions and authors survive in all files of a new plugin, which still is one that works."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sysconfig
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from localagent_cli.scaffold.render import renderer
from rendering import ALL, run
from texts import SCRIPTS, SYNTAX, TEXTS

FIT = TEXTS.filter(lambda text: bool(text.strip()) and len(text) <= 512)
KINDS_AND_LAYOUTS = st.sampled_from(ALL)


def make(folder: Path, text: str, author: str, kind: str, layout: str) -> Path:
    """A new plugin with these texts; the answers do not pass the command line, whose letters may be fewer."""
    answers = {"name": "word-lab", "kind": kind, "layout": layout, "description": text, "author": author}
    renderer()(answers, folder / "word-lab")
    return folder / "word-lab"


def said_of(plugin: Path, key: str) -> list[str]:
    """What is said in each place that keeps a text as it is."""
    manifest = next(plugin.rglob("plugin-manifest.yaml"))
    files: list[Any] = [manifest, plugin / ".copier-answers.yml"]
    return [YAML(typ="safe", pure=True).load(file)[key] for file in files]


def parse_all(plugin: Path) -> None:
    """Raises if a file is not of its language."""
    for file in plugin.rglob("*"):
        if file.suffix == ".py":
            ast.parse(file.read_bytes())
        elif file.suffix in {".yaml", ".yml"}:
            YAML(typ="safe", pure=True).load(file)
        elif file.suffix == ".toml":
            tomllib.loads(file.read_text("utf-8"))
        elif file.suffix == ".json":
            json.loads(file.read_text("utf-8"))


def check(text: str, author: str, kind: str, layout: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plugin = make(Path(folder), text, author, kind, layout)
        parse_all(plugin)
        assert said_of(plugin, "description") == [text, text]
        assert said_of(plugin, "author") == [author, author]
        project = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["description"] == " ".join(text.split())
        module = ast.parse(next(plugin.rglob("plugin.py")).read_bytes())
        strings = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
        assert text in strings


@given(FIT, FIT, KINDS_AND_LAYOUTS)
@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
def test_texts_survive_in_a_project(text: str, author: str, which: tuple[str, str]) -> None:
    check(text, author, *which)


@pytest.mark.soak
@given(FIT, FIT, KINDS_AND_LAYOUTS)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
def test_texts_survive_in_many_projects(text: str, author: str, which: tuple[str, str]) -> None:
    check(text, author, *which)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(200))
def test_a_project_with_such_texts_is_installed_and_passes_its_checks(number: int, tmp_path: Path) -> None:
    kind, layout = ALL[number % len(ALL)]
    text, author = (nasty_text(random.Random(f"{number} {what}")) for what in ("text", "author"))  # noqa: S311 - no secret
    plugin = make(tmp_path, text, author, kind, layout)
    venv.create(tmp_path / "venv", symlinks=True)
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "tools.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", str(plugin)]
    subprocess.run(pip, check=True, capture_output=True)
    said = subprocess.run(
        [python, "-c", "from importlib.metadata import metadata as m; print(m('localagent-word-lab')['Summary'])"],
        check=True,
        capture_output=True,
    )
    assert said.stdout.decode().split() == text.split()
    run("ruff", "check", "--no-cache", ".", at=plugin)
    run("ruff", "format", "--no-cache", "--check", ".", at=plugin)
    run("localagent_cli", "plugins", "test", ".", at=plugin, LOCALAGENT_HOME=str(tmp_path / "home"))


def nasty_text(chance: random.Random) -> str:
    """Much of what is hard to write, in an order of its own."""
    pieces = [*SYNTAX, *SCRIPTS, "word", "b"]
    chance.shuffle(pieces)
    return f"A{''.join(pieces)}Z"
