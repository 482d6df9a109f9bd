"""The plugin's own tests: which of them run, and how many of its lines they must reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localagent import Host, HostOptions, PluginManager
from localagent_cli.plugin_tests import run_plugin_tests
from localagent_cli.trying import coverage
from plain import GREETER_MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from localagent_cli.trying.results import TestOutcome, TestResult

PLUGIN = """\
from localagent import CommandPlugin


def kind_of(number):
    if number == 0:
        return "nothing"
    if number == 1:
        return "one"
    if number == 2:
        return "two"
    return "many"


class Greeter(CommandPlugin):
    name = "greeter"

    def register_commands(self, app):
        app.command("kind", help="Tell the kind of a number.")(tell)


def tell(number: int):
    print(kind_of(number))
"""
TESTS = """\
import pytest
from plugin import kind_of

@pytest.mark.parametrize("number", {numbers})
def test_kinds(number):
    assert kind_of(number)

@pytest.mark.integration
def test_with_others(): ...
"""
MARKERS = "[pytest]\nmarkers =\n  integration: runs with others\n"


@pytest.fixture(autouse=True)
def no_other_pytest_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the plugins below need none, and so start faster."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def outcome_of(folder: Path, testing: str, numbers: list[int], files: dict[str, str] | None = None) -> TestOutcome:
    """What becomes of a plugin whose tests call its one function with some numbers."""
    folder.mkdir()
    manifest = f"{GREETER_MANIFEST}testing: {testing}\n"
    tests = TESTS.format(numbers=numbers)
    texts = {"plugin-manifest.yaml": manifest, "plugin.py": PLUGIN, "pytest.ini": MARKERS, "test_kinds.py": tests}
    for name, text in (texts | (files or {})).items():
        (folder / name).write_text(text, encoding="utf-8")
    manager = PluginManager(Host.open(HostOptions(home=folder.parent / "home")))
    return run_plugin_tests(str(folder), manager=manager)


def covered(outcome: TestOutcome) -> TestResult | None:
    return next((result for result in outcome.results if result.id == coverage.ID), None)


def test_too_few_lines_are_told_with_those_that_did_not_run(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path / "greeter", "{coverage_threshold: 80}", [0])
    result = covered(outcome)
    assert result is not None
    assert not outcome.passed
    assert result.message == (
        "60 % of the lines run in its tests, testing.coverage_threshold of the manifest asks for 80 %; "
        "not run: plugin.py:7-11, 22"
    )


def test_enough_lines_pass(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path / "greeter", "{coverage_threshold: 93}", [0, 1, 2, 3])
    result = covered(outcome)
    assert result is not None
    assert result.outcome == "passed"
    assert outcome.passed
    assert [path.name for path in (tmp_path / "greeter").glob(".coverage*")] == []


def test_without_a_threshold_no_line_is_counted(tmp_path: Path) -> None:
    assert covered(outcome_of(tmp_path / "greeter", "{conformance: bronze}", [0])) is None


def test_the_project_says_which_lines_count(tmp_path: Path) -> None:
    configured = {".coveragerc": "[run]\nsource = .\nparallel = true\n[report]\nexclude_also =\n  if number\n"}
    result = covered(outcome_of(tmp_path / "greeter", "{coverage_threshold: 90}", [0, 3], configured))
    assert result is not None
    assert result.outcome == "passed", result.message


def test_a_process_that_pytest_cov_measures_is_not_measured_twice(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --cov\n", encoding="utf-8")
    command = ("python", "-m", "pytest")
    assert coverage.measuring(command, tmp_path) == command


def test_integration_tests_run_where_the_manifest_says_so(tmp_path: Path) -> None:
    for testing, expected in (("{integration_tests: true}", 2), ("{integration_tests: false}", 1)):
        outcome = outcome_of(tmp_path / f"greeter{expected}", testing, [0])
        own = [result.id for result in outcome.results if result.kind == "own"]
        assert len(own) == expected, outcome.results[-1]
