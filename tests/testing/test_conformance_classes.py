"""The rules as classes: an author derives from them, and cannot get rid of a rule in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import localagent_testing
from localagent_testing.conformance.rules import GENERAL, OF_KIND, checks_for

if TYPE_CHECKING:
    from testing.conftest import Workshop

SUITES = {
    "command": localagent_testing.CommandConformance,
    "provider": localagent_testing.ProviderConformance,
    "ui": localagent_testing.UIConformance,
    "workflow": localagent_testing.WorkflowConformance,
}
TEST = """
import pytest
from localagent_testing import CommandConformance

class TestGreeter(CommandConformance):
    {body}
"""


def run(workshop: Workshop, body: str = "pass", *, class_body: str | None = None) -> dict[str, tuple[str, str]]:
    """Outcome and message of each test of the class, by its name."""
    test = {"tests/test_rules.py": TEST.format(body=body)}
    folder = workshop.plugin(files=test) if class_body is None else workshop.plugin(class_body, files=test)
    report = workshop.folder / "report.json"
    workshop.pytest("tests", f"--localagent-report={report}", at=folder)
    results = json.loads(report.read_text(encoding="utf-8"))
    return {each["id"].rpartition("::")[2]: (each["outcome"], each["message"]) for each in results}


@pytest.mark.parametrize("kind", SUITES)
def test_a_class_has_a_test_for_each_rule_of_its_kind(kind: str) -> None:
    tests = {name for name in dir(SUITES[kind]) if name.startswith("test_")}
    assert tests == {f"test_{word.replace('-', '_')}" for word in checks_for(kind)}
    assert set(localagent_testing.PluginConformance.rules) < tests
    assert len(tests) == len(GENERAL) + len(OF_KIND[kind])


def test_a_derived_class_tests_the_plugin_of_the_folder(workshop: Workshop) -> None:
    outcomes = run(workshop, 'commands = (["greet"],)')
    assert outcomes["test_loads"][0] == outcomes["test_shows_help"][0] == "passed"
    assert outcomes["test_samples_succeed"][0] == "passed"
    assert {outcome for outcome, _ in outcomes.values()} == {"passed"}


def test_a_broken_rule_is_told_with_its_fix_and_without_our_frames(workshop: Workshop) -> None:
    body = "def register_commands(self, app):\n    app.command('greet')(lambda: None)"
    outcome, message = run(workshop, class_body=body)["test_commands_have_help"]
    assert outcome == "failed"
    assert message.startswith("error[LA607]")
    assert message.endswith("fix: give its function a docstring")
    assert "localagent_testing" not in message


@pytest.mark.parametrize("body", ["test_loads = None", "def test_loads(self): pass"])
def test_a_rule_that_is_dropped_or_replaced_fails(body: str, workshop: Workshop) -> None:
    outcome, message = run(workshop, body)["test_loads"]
    assert outcome == "failed"
    assert message == (
        "error[LA601] TestGreeter drops or replaces test_loads\n"
        "fix: remove test_loads from TestGreeter, or mark it with @pytest.mark.xfail(reason=…)"
    )


def test_a_rule_may_be_expected_to_fail_with_a_reason(workshop: Workshop) -> None:
    mark = "test_commands_have_help = pytest.mark.xfail({})(CommandConformance.test_commands_have_help)"
    body = "def register_commands(self, app):\n    app.command('greet')(lambda: None)"
    outcomes = run(workshop, mark.format("reason='later'"), class_body=body)
    assert outcomes["test_commands_have_help"][0] == "skipped"


def test_an_expected_failure_without_a_reason_is_none(workshop: Workshop) -> None:
    outcomes = run(workshop, "@pytest.mark.xfail\n    def test_loads(self): raise OSError")
    assert "drops or replaces test_loads" in outcomes["test_loads"][1]
