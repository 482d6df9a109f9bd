"""The conformance rules, run on the plugins that are tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent_cli.trying.results import TestResult, read_results

if TYPE_CHECKING:
    from localagent_cli.trying.bench import Bench

LIMIT = 120.0
"""Seconds that the conformance of one plugin, which may hang, can take."""

_PYTEST_VARIABLES = frozenset({"PYTEST_ADDOPTS", "PYTEST_PLUGINS"})
"""What the user tells pytest by the environment; it concerns the plugin's own tests."""

# The process ends when pytest is done, whatever threads and exit functions the plugin left.
_CONFORMANCE = """\
import os, sys, pytest
code = pytest.main(sys.argv[1:])
sys.stdout.flush()
os._exit(code)
"""


def keep_promises(bench: Bench) -> tuple[tuple[TestResult, ...], str]:
    """Run the conformance rules on each plugin; gives the results, and what was printed."""
    bench.manner.tell("looking whether it keeps the promises of every plugin ...")
    runs = [_run(bench, option) for option in bench.subject.options]
    return tuple(result for results, _ in runs for result in results), "\n".join(output for _, output in runs)


def _run(bench: Bench, option: str) -> tuple[tuple[TestResult, ...], str]:
    """Run them on one; neither the plugin's pytest configuration nor other pytest plugins take part."""
    configuration = bench.scratch / "pytest.ini"
    configuration.write_text("[pytest]\n", encoding="utf-8")
    report = bench.scratch / "conformance.json"
    report.unlink(missing_ok=True)
    # -P: a plugin's folder is no import path for the host either.
    command = (
        *(bench.subject.python, "-P", "-c", _CONFORMANCE, "-q", "-p", "localagent", "-p", "no:cacheprovider"),
        *("-c", str(configuration), "-o", f"faulthandler_timeout={LIMIT / 2}"),
        *("--localagent-plugin", option, "--localagent-conformance-only", "--localagent-report", str(report)),
        *(("--localagent-audit",) if bench.manner.audit else ()),
        str(bench.scratch),
    )
    environ = {name: value for name, value in bench.environ.items() if name not in _PYTEST_VARIABLES}
    ended = bench.run(command, environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, limit=LIMIT)
    results = read_results(report, "conformance")
    if results and (ended.code == 0 or any(result.outcome == "failed" for result in results)):
        return results, ended.output
    message = f"the plugin's life was not seen to its end: {ended.reason}"
    return (*results, TestResult("conformance", "conformance", "failed", message=message)), ended.output
