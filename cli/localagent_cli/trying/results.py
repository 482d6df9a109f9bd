"""What became of the tests of a plugin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test.

    Attributes:
        id: pytest's node id, or the command where that is all there is.
        kind: ``conformance`` or ``own``.
        outcome: ``passed``, ``failed``, ``skipped`` or ``warned``.
        seconds: how long it took.
        message: why it did not pass.
    """

    __test__: ClassVar[bool] = False  # pytest would take a class of this name for tests

    id: str
    kind: str
    outcome: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What became of all tests of a plugin.

    Attributes:
        target: the folder, archive or name that was tested.
        command: what ran the plugin's own tests; empty if it has none.
        results: conformance first, then the plugin's own tests.
        output: the last lines of what the tests printed.
        findings: what the rules that run nothing found in the source folder or wheel; they decide nothing here.
    """

    __test__: ClassVar[bool] = False  # as above

    target: str
    command: tuple[str, ...]
    results: tuple[TestResult, ...]
    output: str
    findings: tuple[Diagnostic, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no test failed."""
        return all(result.outcome != "failed" for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 if no test failed, else 1."""
        return 0 if self.passed else 1


def read_results(report: Path, kind: str) -> tuple[TestResult, ...]:
    """The results of one kind; none where the process ended before it wrote them."""
    try:
        entries = json.loads(report.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(TestResult(**entry) for entry in entries if entry["kind"] == kind)
