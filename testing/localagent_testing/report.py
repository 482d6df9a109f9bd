"""The results of a test run as a JSON file, for the program that started it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RULE_PROPERTY = "localagent_rule"
"""The user property that marks the result of a conformance rule; its value is the rule's id."""

WARNING_PROPERTY = "localagent_warning"
"""The user property that holds the finding of a rule that only warns."""


@dataclass(slots=True)
class Result:
    """What became of one test.

    Attributes:
        id: pytest's node id.
        outcome: ``passed``, ``failed``, ``skipped``, or ``warned`` for a conformance rule that only warns.
        seconds: setup, call and teardown together.
        message: why it did not pass.
        kind: ``conformance`` or ``own``.
    """

    id: str
    outcome: str = "failed"
    seconds: float = 0.0
    message: str = "it was not seen to its end"
    kind: str = "own"


class ReportFile:
    """Gathers results and writes them when the session ends; a run that ends sooner leaves no file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of one test."""
        result = self._results.setdefault(report.nodeid, Result(report.nodeid))
        properties = dict(report.user_properties)
        result.seconds += report.duration
        if RULE_PROPERTY in properties:
            result.kind = "conformance"
        if report.failed or report.skipped:
            result.outcome, result.message = report.outcome, message_of(report)
        elif report.passed and report.when == "call":
            warning = str(properties.get(WARNING_PROPERTY, ""))
            result.outcome, result.message = "warned" if warning else "passed", warning

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take a file that cannot be collected as a failed test."""
        if report.failed:
            self._results[report.nodeid] = Result(report.nodeid, message=message_of(report))

    def pytest_sessionfinish(self) -> None:
        """Write the file whole."""
        partial = self._file.with_name(f"{self._file.name}.partial")
        partial.write_text(json.dumps([asdict(result) for result in self._results.values()], indent=2), "utf-8")
        partial.replace(self._file)


def message_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test failed or was skipped, without the source lines around it."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    text = report.longreprtext
    crash = getattr(report.longrepr, "reprcrash", None)  # what a plugin's own items give may be any object
    if crash is not None and not crash.message.endswith(text):  # a message that is all there is needs no place
        return f"{crash.path}:{crash.lineno}: {crash.message}"
    errors = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(errors) or text
