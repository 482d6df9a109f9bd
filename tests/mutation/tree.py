"""A copy of one package and of the tests, laid out as mutmut wants it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_PASSED_OVER = shutil.ignore_patterns("__pycache__", ".hypothesis", "benchmarks")
_PLUGIN = "mutation.first_failure"
_OPTIONS_OF_PLUGINS = ("timeout", "timeout_method", "asyncio_mode", "asyncio_default_fixture_loop_scope")
"""Options that nobody knows where pytest loads no installed plugin."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A module to mutate.

    Attributes:
        file: where it is in this repository, as ``sdk/localagent/host/dependencies.py``.
        tests: the test files that speak for it.
    """

    file: str
    tests: tuple[str, ...]

    @property
    def package(self) -> str:
        """The import package that it belongs to."""
        return PurePosixPath(self.file).parts[1]

    @property
    def inside(self) -> str:
        """Its path from the folder that holds the package."""
        return PurePosixPath(*PurePosixPath(self.file).parts[1:]).as_posix()


def lay_out(subject: Subject, root: Path, folder: Path, pytest_options: Mapping[str, Any]) -> None:
    """Fill an empty folder with what mutmut needs to mutate a module of the repository at `root`.

    mutmut takes names of modules for paths, so the package stands at the top, whatever folder it has in the repository.
    """
    source = root / PurePosixPath(subject.file).parts[0] / subject.package
    shutil.copytree(source, folder / subject.package, ignore=_PASSED_OVER)
    # mutmut copies the tests once more, and stops at a link that leads nowhere, as the museum has some.
    shutil.copytree(root / "tests", folder / "tests", ignore=_PASSED_OVER, ignore_dangling_symlinks=True)
    options = {name: value for name, value in pytest_options.items() if name not in _OPTIONS_OF_PLUGINS}
    mutmut = {
        "source_paths": [subject.package],
        "only_mutate": [subject.inside],
        "pytest_add_cli_args": ["-p", _PLUGIN, "-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": list(subject.tests),
        "use_git_change_detection": False,
        "timeout_multiplier": 6.0,
    }
    lines = ["[tool.pytest.ini_options]", *_lines(options), "", "[tool.mutmut]", *_lines(mutmut)]
    (folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _lines(table: Mapping[str, Any]) -> list[str]:
    # Texts, lists of texts, numbers and truth values read the same in JSON and in TOML.
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]
