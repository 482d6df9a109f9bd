"""``dev bench``: measure, compare, keep, show."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra, UsageError
from localagent.services.files import write_text
from localagent_cli import output
from localagent_cli.benching.baseline import BASELINE, Baseline, baseline_text, here, read_baseline, verdicts
from localagent_cli.benching.running import bench
from localagent_cli.benching.showing import show_benched, to_dict
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localagent_cli.benching.baseline import Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is done with the figures.

    Attributes:
        file: of the baseline; None means the usual one in the plugin's folder.
        save: whether they become the baseline.
        fail_on_regression: whether a regression is a failure; a budget that is exceeded always is.
        tolerance: by what share a figure may grow.
        as_json: whether they are printed as JSON.
    """

    file: Path | None
    save: bool
    fail_on_regression: bool
    tolerance: float
    as_json: bool


def bench_plugins(path: Path, wanted: Comparison, *, runs: int, rounds: int) -> int:
    """Measure the plugins at a path, tell how they stand, and give the exit code.

    Raises:
        UsageError: there is no such path, or nothing to compare with where a regression shall fail.
        MissingExtra: pytest, which the testing kit needs, is not installed.
        ConfigError: the baseline or the project's budgets cannot be read.
        PluginNotAvailable: there is no plugin, or it does not become ready.
    """
    if not path.exists():
        raise UsageError("there is no such folder", file=path, fix="localagent dev bench PATH")
    if importlib.util.find_spec("pytest") is None:
        raise MissingExtra("test", needed_for="dev bench")
    file = wanted.file or (path if path.is_dir() else path.parent) / BASELINE
    before = _before(file, wanted)
    measured = bench(path, runs=runs, rounds=rounds, tell=output.tell)
    judged = [(each, verdicts(each, before, tolerance=wanted.tolerance)) for each in measured]
    failed = [
        verdict
        for _, found in judged
        for verdict in found
        if not verdict.is_within_budget or (wanted.fail_on_regression and verdict.has_regressed)
    ]
    if wanted.as_json:
        output.show_json({"passed": not failed, "plugins": [to_dict(each, found) for each, found in judged]})
    else:
        for each, found in judged:
            show_benched(each, found)
        output.show(_told(path, failed))
    if wanted.save:
        write_text(file, baseline_text(measured))
        output.tell(f"saved as baseline: {file}")
    return FAILED if failed else DONE


def _told(path: Path, failed: Sequence[Verdict]) -> str:
    """The verdict in one line."""
    reasons = [
        f"{verdict.figure.title} {'has regressed' if verdict.is_within_budget else 'is over budget'}"
        for verdict in failed
    ]
    return f"FAILED: {path} ({', '.join(reasons)})" if reasons else f"PASSED: {path}"


def _before(file: Path, wanted: Comparison) -> Baseline | None:
    """The baseline, if there is one."""
    is_needed = wanted.fail_on_regression or (wanted.file is not None and not wanted.save)
    if not is_needed and not file.exists():
        return None
    before = read_baseline(file)
    if before.where != here():
        output.tell(f"warning: the baseline is of {before.where}, and this is {here()}")
    return before
