"""The lines of a plugin that run in its own tests, held against the share that its manifest asks for."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from localagent_cli.trying.results import TestResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ID = "coverage"
"""What the result is called."""

_CONFIGURED = {
    ".coveragerc": "",
    "pyproject.toml": "[tool.coverage.",
    "setup.cfg": "[coverage:",
    "tox.ini": "[coverage:",
}
"""Files in which a project says itself which lines count, with what they have where they do."""

_PYTEST_FILES = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini")
_NOT_THE_PLUGIN = "*/tests/*,tests/*,*test_*.py,conftest.py,setup.py,noxfile.py"

_REPORT = """\
import sys, coverage
lines = coverage.Coverage()
lines.load()
lines.combine(strict=False)
lines.json_report(outfile=sys.argv[1])
"""
"""Data of processes that the tests started lie beside their own, where the project asks for those."""

_NAMED = 3
"""Files that a message names."""


def measuring(command: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """A command ``python -m pytest …`` that notes which lines run; pytest-cov, where the project uses it, does so."""
    if any("--cov" in _text(folder / name) for name in _PYTEST_FILES) or any(
        word.startswith("--cov") for word in command
    ):
        return command
    scope = () if _is_configured(folder) else ("--source=.", f"--omit={_NOT_THE_PLUGIN}")
    return (command[0], "-m", "coverage", "run", *scope, *command[1:])


def variables(scratch: Path) -> dict[str, str]:
    """The variables by which the lines are noted in a folder of ours."""
    return {"COVERAGE_FILE": str(scratch / "lines")}


def reporting(python: str, report: Path) -> tuple[str, ...]:
    """The command that writes what was noted to a file, as JSON."""
    return (python, "-c", _REPORT, str(report))


def judged(report: Path, threshold: float) -> TestResult:
    """Whether enough lines ran.

    Args:
        report: what `reporting` wrote.
        threshold: percent.
    """
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    lines, ran = told["totals"]["num_statements"], told["totals"]["covered_lines"]
    share = 100 * ran / lines if lines else 100.0
    if share >= threshold:
        return TestResult(ID, "own", "passed")
    # Rounded down: no share is shown that would have been enough.
    message = (
        f"{math.floor(10 * share) / 10:g} % of the lines run in its tests, testing.coverage_threshold of the manifest "
        f"asks for {threshold:g} %; not run: {_missing(told['files'])}"
    )
    return TestResult(ID, "own", "failed", message=message)


def _missing(files: Mapping[str, Any]) -> str:
    """The files with the most lines that did not run."""
    missing = {name: file["missing_lines"] for name, file in files.items() if file["missing_lines"]}
    most = sorted(missing, key=lambda name: -len(missing[name]))
    more = f" and {len(most) - _NAMED} more files" if len(most) > _NAMED else ""
    return ", ".join(f"{name}:{_ranges(missing[name])}" for name in most[:_NAMED]) + more


def _ranges(lines: Sequence[int]) -> str:
    """Numbers of lines as people write them: ``3, 7-9``."""
    starts = [lines[0], *(after for before, after in pairwise(lines) if after > before + 1)]
    ends = [*(before for before, after in pairwise(lines) if after > before + 1), lines[-1]]
    return ", ".join(f"{start}" if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True))


def _is_configured(folder: Path) -> bool:
    return any((folder / name).is_file() and sign in _text(folder / name) for name, sign in _CONFIGURED.items())


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
