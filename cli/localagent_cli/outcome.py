"""The result of testing a plugin as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent_cli.plugin_tests import TestOutcome, TestResult

_TITLES = {"conformance": "Promises every plugin keeps", "own": "The plugin's own tests"}
_SHOWN_PASSES = 12
"""More own tests than that are counted, not listed, when they pass."""


def show_outcome(outcome: TestOutcome) -> None:
    """Print a table of promises kept, one of the plugin's own tests, the reasons of failures, and a verdict."""
    for kind, title in _TITLES.items():
        results = [result for result in outcome.results if result.kind == kind]
        if results:
            output.show_table(("result", "test", "ms"), list(_rows(results)), title=title)
    for result in outcome.results:
        if result.message and result.outcome != "passed":
            output.show(f"{result.outcome} {result.id}")
            for line in result.message.splitlines():
                output.show(f"  {line}")
    for finding in outcome.findings:
        output.tell(f"{finding.severity.value}[{finding.rule}] {finding.where}: {finding.message}")
    output.show(_verdict(outcome))


def to_dict(outcome: TestOutcome) -> dict[str, Any]:
    """The outcome as JSON values."""
    return {
        "target": outcome.target,
        "passed": outcome.passed,
        "command": list(outcome.command),
        "results": [
            {
                "id": result.id,
                "kind": result.kind,
                "outcome": result.outcome,
                "seconds": result.seconds,
                "message": result.message,
            }
            for result in outcome.results
        ],
        "findings": [finding.to_dict() for finding in outcome.findings],
    }


def _rows(results: list[TestResult]) -> Iterator[tuple[str, str, str]]:
    passed = [result for result in results if result.outcome == "passed"]
    folded = len(passed) > _SHOWN_PASSES
    for result in results:
        if not (folded and result.outcome == "passed"):
            yield result.outcome, result.id.rpartition("::")[2], f"{result.seconds * 1000:.0f}"
    if folded:
        yield "passed", f"{len(passed)} tests", f"{sum(result.seconds for result in passed) * 1000:.0f}"


def _verdict(outcome: TestOutcome) -> str:
    counts: dict[str, int] = {}
    for result in outcome.results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    return f"{'PASSED' if outcome.passed else 'FAILED'}: {outcome.target} ({told})"
