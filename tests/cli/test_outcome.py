"""What a person reads of a tested plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent_cli.outcome import show_outcome
from localagent_cli.trying.results import TestOutcome, TestResult

if TYPE_CHECKING:
    import pytest

SKIPPED = "no command line is known that changes nothing"


def promise(name: str, outcome: str = "passed", message: str = "", plugin: str = "greeter") -> TestResult:
    return TestResult(f"plugin-manifest.yaml::{plugin}::{name}", "conformance", outcome, 0.012, message)


def shown(capsys: pytest.CaptureFixture[str], *results: TestResult) -> tuple[str, str]:
    show_outcome(TestOutcome("greeter", (), results, ""))
    return capsys.readouterr()


def test_each_promise_is_a_line_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = shown(
        capsys,
        promise("LA605-cleanup-twice"),
        promise("LA607-commands-have-help", "failed", "error[LA607] plugin.py:4: no help\nfix: give it a docstring"),
        promise("LA617-samples-succeed", "skipped", SKIPPED),
        promise("LA618-data-on-stdout", "skipped", SKIPPED),
    )
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[1] == "result promise ms"
    assert lines[3:5] == ["passed LA605 cleanup twice 12", "failed LA607 commands have help 12"]
    assert out.count(SKIPPED) == 1
    assert out.splitlines()[-1] == "FAILED: greeter (1 failed, 1 passed, 2 skipped)"
    assert err == "it brings no tests of its own; the promises above need none\n"


def test_promises_of_several_plugins_have_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = shown(capsys, promise("LA601-loads"), promise("LA601-loads", plugin="waver"))
    assert "greeter: LA601 loads" in out
    assert "waver: LA601 loads" in out


def test_many_own_tests_that_pass_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    own = [TestResult(f"tests/test_it.py::test_{number}", "own", "passed", 0.001) for number in range(20)]
    out, err = shown(capsys, promise("LA601-loads"), *own)
    assert "20 tests" in out
    assert "test_7" not in out
    assert err == ""
