"""A rendered plugin passes the checks that it brings along, and builds."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from localagent.diagnostics.validation import validate_path
from localagent_cli.scaffold import create_plugin

PLUGINS = {
    "project-analyzer": None,
    "notes": 'It\'s "quoted" \\ {{ name }}\nand\tgoes on \U0001f389 ' + "at length " * 12,
    "a-name-that-is-as-long-as-names-may-be-so-that-lines-are-long-to": 'Ends with a quote"',
    "my-plugin": "x" * 100,
}


@pytest.fixture(params=PLUGINS)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name: str = request.param
    return create_plugin(name, "command", into=tmp_path, description=PLUGINS[name], author='Zo\u00eb "Z"').path


@pytest.fixture
def analyzer(tmp_path: Path) -> Path:
    return create_plugin("project-analyzer", "command", into=tmp_path).path


def run(*words: str, at: Path) -> None:
    done = subprocess.run([sys.executable, "-m", *words], cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_rule_of_ours_objects(plugin: Path) -> None:
    assert validate_path(plugin).diagnostics == ()


def test_lint_and_format_find_nothing(plugin: Path) -> None:
    run("ruff", "check", "--no-cache", ".", at=plugin)
    run("ruff", "format", "--no-cache", "--check", ".", at=plugin)


def test_types_hold(analyzer: Path, tmp_path: Path) -> None:
    run("mypy", "--cache-dir", str(tmp_path / "cache"), at=analyzer)


def test_its_tests_pass_with_warnings_as_errors(plugin: Path) -> None:
    run("pytest", "-W", "error", "-p", "no:cacheprovider", at=plugin)


def test_it_builds_into_a_wheel_without_tests_and_tools(analyzer: Path) -> None:
    run("build", "--no-isolation", "--outdir", "dist", at=analyzer)
    (wheel,) = (analyzer / "dist").glob("*.whl")
    (sdist,) = (analyzer / "dist").glob("*.tar.gz")
    assert wheel.name == "localagent_project_analyzer-1.0.0-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if ".dist-info/" not in name} == {
        f"project_analyzer/{name}"
        for name in ("__init__.py", "plugin.py", "plugin-manifest.yaml", "config_schema.json", "py.typed")
    }
    with tarfile.open(sdist) as archive:
        packed = {Path(name).relative_to(Path(name).parts[0]).as_posix() for name in archive.getnames()}
    assert {"plugin.py", "plugin-manifest.yaml", "LICENSE", "README.md", "tests/test_plugin.py"} <= packed
