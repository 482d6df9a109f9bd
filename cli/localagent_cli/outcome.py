"""The result of testing a plugin as a person reads it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localagent_cli.trying.results import TestOutcome, TestResult

_TITLES = {"conformance": "Promises every plugin keeps", "own": "The plugin's own tests"}
_HEADS = {"conformance": "promise", "own": "test"}
_SHOWN_PASSES = 12
"""More own tests than that are counted, not listed, when they pass."""


def show_outcome(outcome: TestOutcome) -> None:
    """Print a table of promises kept, one of the plugin's own tests, the reasons of failures, and a verdict."""
    for kind, title in _TITLES.items():
        results = [result for result in outcome.results if result.kind == kind]
        if results:
            output.show_table(("result", _HEADS[kind], "ms"), list(_rows(results)), title=title)
            output.show()
    for what, ids, message in _reasons(outcome.results):
        output.show(f"{what} {', '.join(ids)}")
        for line in message.splitlines():
            output.show(f"  {line}")
    if outcome.results and all(result.kind != "own" for result in outcome.results):
        output.tell("it brings no tests of its own; the promises above need none")
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
    is_alone = len({result.id.rpartition("::")[0] for result in results}) == 1
    folded = len(passed) > _SHOWN_PASSES and results[0].kind == "own"
    for result in results:
        if not (folded and result.outcome == "passed"):
            yield result.outcome, _named(result, is_alone=is_alone), f"{result.seconds * 1000:.0f}"
    if folded:
        yield "passed", f"{len(passed)} tests", f"{sum(result.seconds for result in passed) * 1000:.0f}"


def _named(result: TestResult, *, is_alone: bool) -> str:
    """What was tested: a rule in words, with the plugin's name where it is not `is_alone`, or the test's own name."""
    place, _, name = result.id.rpartition("::")
    if result.kind == "own":
        return name
    promise = name.replace("-", " ")
    return promise if is_alone else f"{place.rpartition('::')[2]}: {promise}"


def _reasons(results: Iterable[TestResult]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Why tests did not pass: outcome, their ids, and the message that neighbours share."""
    told = (result for result in results if result.message and result.outcome != "passed")
    for (what, message), alike in itertools.groupby(told, key=lambda result: (result.outcome, result.message)):
        yield what, tuple(result.id for result in alike), message


def _verdict(outcome: TestOutcome) -> str:
    counts: dict[str, int] = {}
    for result in outcome.results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    return f"{'PASSED' if outcome.passed else 'FAILED'}: {outcome.target} ({told})"
