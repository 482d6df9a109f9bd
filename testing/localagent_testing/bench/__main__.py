"""What ``dev bench`` runs: measures the plugins of a target, and tells each step and each plugin as a line of JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localagent.errors import LocalAgentError
from localagent_cli.benching.figures import FIGURE_OF
from localagent_testing.bench.budgets import budgets_of
from localagent_testing.bench.measuring import measure
from localagent_testing.conformance.target import find_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main(argv: Sequence[str]) -> None:
    """Measure the plugins of a target: ``TARGET RUNS ROUNDS``."""
    target, runs, rounds = argv
    try:
        for spec in find_target(target, Path()).specs:
            budgets = budgets_of(spec)
            measured = measure(
                spec, FIGURE_OF, runs=int(runs), rounds=int(rounds), tell=lambda line: _say({"step": line})
            )
            _say(
                {
                    "plugin": spec.name,
                    "figures": dict(measured.figures),
                    "budgets": dict(budgets),
                    "called": list(measured.words),
                    "memory": list(measured.memory),
                }
            )
    except pytest.UsageError as error:  # what was named is no plugin
        _say({"error": "PluginNotAvailable", "message": str(error), "plugin": "", "file": "", "line": None, "fix": ""})
    except LocalAgentError as error:
        _say(
            {
                "error": type(error).__name__,
                "message": error.message,
                "plugin": error.plugin,
                "file": str(error.file or ""),
                "line": error.line,
                "fix": error.fix,
            }
        )


def _say(event: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(event)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
