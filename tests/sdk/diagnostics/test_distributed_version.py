"""The version of a distribution is read where a build would read it, without running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.diagnostics.distributed_version import distributed_version
from localagent.diagnostics.project import Project

SETUPTOOLS = '[build-system]\nbuild-backend = "setuptools.build_meta"\n[project]\ndynamic = ["version"]\n'
HATCHLING = '[build-system]\nbuild-backend = "hatchling.build"\n[project]\ndynamic = ["version"]\n'


@pytest.mark.parametrize(
    ("pyproject", "files", "version", "place"),
    [
        ('[project]\nname = "a"\nversion = "1.0"\n', {}, "1.0", ("pyproject.toml", 3, 1)),
        (
            SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a.__version__"}\n',
            {"a/__init__.py": 'raise SystemExit\n__version__: str = "2.0"\n'},
            "2.0",
            ("a/__init__.py", 2, 20),
        ),
        (
            SETUPTOOLS + '[tool.setuptools]\npackage-dir = {"" = "lib"}\ndynamic.version.attr = "a.about.V"\n',
            {"lib/a/__init__.py": "", "lib/a/about.py": "V = 2, 1\n"},
            "2.1",
            ("lib/a/about.py", 1, 5),
        ),
        (
            SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {file = ["VERSION"]}\n',
            {"VERSION": "\ufeff3.0\n"},
            "3.0",
            ("VERSION", 1, 1),
        ),
        (
            HATCHLING + '[tool.hatch.version]\npath = "src/a/__about__.py"\n',
            {"src/a/__about__.py": '# é\nversion = "v4.0"\n'},
            "4.0",
            ("src/a/__about__.py", 2, 13),
        ),
    ],
)
def test_a_version_is_found_with_its_place(
    tmp_path: Path, pyproject: str, files: dict[str, str], version: str, place: tuple[str, int, int]
) -> None:
    found = distributed_version(_project(tmp_path, pyproject, files))
    assert found is not None
    where = (found.where.file.relative_to(tmp_path).as_posix(), found.where.line, found.where.column)
    assert (found.text, where) == (version, place)


@pytest.mark.parametrize(
    "pyproject",
    [
        '[project]\nname = "a"\n',
        SETUPTOOLS,
        SETUPTOOLS.replace('["version"]', "7"),
        SETUPTOOLS.replace("setuptools.build_meta", "flit_core.buildapi"),
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a.computed"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a.missing"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a.b.c"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {file = "a.py"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {file = "../VERSION"}\n',
        SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {file = "VERSION"}\n',
        HATCHLING + '[tool.hatch.version]\nsource = "vcs"\n',
        HATCHLING + '[tool.hatch.version]\npath = "a.py"\npattern = "(?P<version>.)"\n',
        HATCHLING + '[tool.hatch.version]\npath = "a.py"\n',
        HATCHLING + "[tool.hatch]\nversion = 3\n",
    ],
)
def test_what_only_a_build_would_tell_is_left_open(tmp_path: Path, pyproject: str) -> None:
    files = {"a.py": "computed = str(1)\nother = computed\n", "../VERSION": "1.0"}
    assert distributed_version(_project(tmp_path / "project", pyproject, files)) is None


def _project(root: Path, pyproject: str, files: dict[str, str]) -> Project:
    for name, text in {"pyproject.toml": pyproject, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project(root, root / "plugin-manifest.yaml")
