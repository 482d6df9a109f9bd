"""The example plugins keep every rule, and their own tests pass from the source and from their wheels."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from localagent.diagnostics.validation import validate_path
from rendering import check_types

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = (
    "folder-review",
    "log-board",
    "notes",
    "openai-chat",
    "project-analyzer",
    "release-watch",
    "task-desk",
    "word-counter",
)
SAMPLES = ("notes", "openai-chat")
"""Those whose own tests run each time; in the same way run all others with the long forms."""
_LEFT_BY_TOOLS = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".benchmarks")


def run(*words: str | Path, at: Path, **env: str) -> None:
    # What the developer has set is for the plugins that the developer uses.
    others = {name: value for name, value in os.environ.items() if not name.startswith("LOCALAGENT_")}
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=at, env=others | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, so that nothing is left in the repository."""
    return Path(shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("examples") / "examples", ignore=_LEFT_BY_TOOLS))


@pytest.fixture(scope="module")
def site(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the import path, with the wheels of all examples installed."""
    work = tmp_path_factory.mktemp("wheels")
    for name in NAMES:
        run("localagent_cli", "dev", "build", ".", at=sources / name, LOCALAGENT_HOME=str(work / "home"))
    wheels = [wheel for name in NAMES for wheel in (sources / name / "dist").glob("*.whl")]
    assert len(wheels) == len(NAMES)
    run("pip", "install", "--quiet", "--no-deps", "--no-index", "--target", work / "site", *wheels, at=work)
    return work / "site"


def test_the_list_of_examples_has_them_all() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1\)", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(NAMES) == sorted(file.parent.name for file in EXAMPLES.glob("*/README.md"))


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_objects(sources: Path, name: str) -> None:
    assert validate_path(sources / name).diagnostics == ()


@pytest.mark.parametrize("name", NAMES)
def test_lint_format_and_types_find_nothing(sources: Path, name: str, type_cache: Path) -> None:
    run("ruff", "check", "--no-cache", ".", at=sources / name)
    run("ruff", "format", "--no-cache", "--check", ".", at=sources / name)
    check_types(cache=type_cache, at=sources / name)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SAMPLES else pytest.mark.soak) for name in NAMES]
)
def test_its_tests_pass_in_its_folder(sources: Path, name: str) -> None:
    run("pytest", "-W", "error", "-p", "no:cacheprovider", at=sources / name)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "notes" else pytest.mark.soak) for name in NAMES]
)
def test_its_tests_pass_where_its_wheel_is_installed(sources: Path, site: Path, name: str, tmp_path: Path) -> None:
    shutil.copytree(sources / name / "tests", tmp_path / name / "tests", ignore=_LEFT_BY_TOOLS)
    shutil.copy(sources / name / "pyproject.toml", tmp_path / name)
    conformance = f"--localagent-plugin=name:{name}"
    run("pytest", "-W", "error", conformance, "tests", at=tmp_path / name, PYTHONPATH=str(site))
