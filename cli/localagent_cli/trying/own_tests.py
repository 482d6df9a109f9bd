"""The tests that a plugin brings along, run as its manifest says."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from localagent_cli.trying import coverage
from localagent_cli.trying.bench import Ended
from localagent_cli.trying.results import TestResult, read_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent_cli.trying.bench import Bench
    from localagent_cli.trying.subject import OwnTests

_NO_TESTS = 5
"""pytest's exit code where there is no test to run."""

_SOME = "running its own tests, without those that are marked as integration tests (testing.integration_tests) ..."


def run_own_tests(bench: Bench) -> tuple[tuple[TestResult, ...], str]:
    """Run the plugin's own tests, if it has any; gives the results, and what was printed."""
    own = bench.subject.own
    if not own.command:
        return (), ""
    bench.manner.tell("running its own tests ..." if own.integration else _SOME)
    report = bench.scratch / "own.json"
    try:
        ended = bench.run(_command(bench, report), _environ(bench))
    except OSError as error:
        ended = Ended(None, f"{own.command[0]}: {error.strerror}")
    results = read_results(report, "own")
    results = (*results, *_remark(own, ended, results))
    return (*results, *_coverage(bench, results)), ended.output


def _command(bench: Bench, report: Path) -> tuple[str, ...]:
    """What runs them, with the report that is asked of pytest."""
    own, folder = bench.subject.own, _measured(bench)
    if not own.are_pytests:
        return own.command
    command = own.command if folder is None else coverage.measuring(own.command, folder)
    leaving_out = () if own.integration else ("--localagent-no-integration",)
    return (*command, "-p", "localagent", "--localagent-report", str(report), *leaving_out)


def _environ(bench: Bench) -> Mapping[str, str]:
    return bench.environ if _measured(bench) is None else {**bench.environ, **coverage.variables(bench.scratch)}


def _measured(bench: Bench) -> Path | None:
    """The folder whose lines count; None where the manifest asks for none, or pytest does not run the tests."""
    own = bench.subject.own
    return bench.subject.folder if own.threshold is not None and own.are_pytests else None


def _coverage(bench: Bench, results: tuple[TestResult, ...]) -> tuple[TestResult, ...]:
    """Whether enough lines ran, which nobody asks where a test failed."""
    threshold = bench.subject.own.threshold
    if threshold is None or _measured(bench) is None or any(each.outcome == "failed" for each in results):
        return ()
    report = bench.scratch / "coverage.json"
    ended = bench.run(coverage.reporting(bench.subject.python, report), _environ(bench))
    if not report.is_file():
        return (TestResult(coverage.ID, "own", "failed", message=f"the lines cannot be counted: {ended.reason}"),)
    return (coverage.judged(report, threshold),)


def _remark(own: OwnTests, ended: Ended, results: tuple[TestResult, ...]) -> tuple[TestResult, ...]:
    """What the exit code says beyond the results."""
    name = shlex.join(("pytest", *own.command[3:]) if own.are_pytests else own.command)
    if ended.code == 0:
        return () if own.are_pytests else (TestResult(name, "own", "passed"),)
    if any(result.outcome == "failed" for result in results):
        return ()
    if own.are_pytests and ended.code == _NO_TESTS:
        return (TestResult(name, "own", "skipped", message="there is no test to run"),)
    return (TestResult(name, "own", "failed", message=ended.reason),)
