"""A pytest that also writes down, a JSON line at a time, which tests there are and what becomes of each.

Usage: ``python -P recording.py FILE WORD...``; the words go to pytest. It is a program that is called by its path, so
that no variable of the environment has to lead to it: the tests would hand that on to all that they start.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest


class Recorder:
    """Writes down what pytest tells, in the process that the user called."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._is_told = False
        self._under_way: dict[str, list[pytest.TestReport]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._tell_tests([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._tell_tests(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        reports = self._under_way.setdefault(report.nodeid, [])
        reports.append(report)
        # A process of pytest-xdist that died has a report that is of neither step, and the last one.
        if report.when not in {"setup", "call"}:
            self._write(became_of(self._under_way.pop(report.nodeid)))

    def _tell_tests(self, tests: Sequence[str]) -> None:
        if not self._is_told:
            self._is_told = True
            self._write({"tests": list(tests)})

    def _write(self, value: dict[str, Any]) -> None:
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(value) + "\n")


def became_of(reports: Sequence[pytest.TestReport]) -> dict[str, Any]:
    """What became of one test whose steps are told by these reports; what it recorded of numbers are its figures."""
    outcomes = {"passed" if hasattr(report, "wasxfail") else report.outcome for report in reports}
    outcome = next((each for each in ("failed", "skipped") if each in outcomes), "passed")
    return {
        "test": reports[0].nodeid,
        "outcome": outcome,
        "seconds": round(sum(report.duration for report in reports), 3),
        "figures": dict(_numbers(reports[-1].user_properties)),
    }


def _numbers(properties: Iterable[tuple[str, object]]) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in properties if isinstance(value, int | float))


if __name__ == "__main__":
    raise SystemExit(pytest.main(sys.argv[2:], plugins=[Recorder(Path(sys.argv[1]))]))
