"""What became of a reload."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed, PluginNotAvailable

if TYPE_CHECKING:
    from pathlib import Path

READ, PLAN, DRAIN, STATE, COMMIT = "read", "plan", "drain", "state", "commit"
"""Where a reload may be refused, besides the steps of loading, which have names of their own."""


@dataclass(frozen=True, slots=True)
class Reload:
    """One attempt to take up the changed code of plugins.

    Attributes:
        names: the plugins that were asked for and those that need them, each after what it needs.
        generation: the life that the first of `names` lives now, counted from 1.
        seconds: from the request until the new code answers, or the old one is as it was before.
        state_kept: names of the plugins that handed their state to their next life.
        unloaded: names of the plugins that went because their files did.
        problem: why the running life stays; its ``step`` says how far the attempt came. None where it succeeded.
        gap: seconds in which a plugin that needs something for itself alone did not answer.
        warnings: what went wrong beside.
        trace: where the plugin raised `problem`, as Python tells it; empty where it did not.
    """

    names: tuple[str, ...]
    generation: int = 0
    seconds: float = 0.0
    state_kept: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    problem: PluginFailed | None = None
    gap: float = 0.0
    warnings: tuple[str, ...] = ()
    trace: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the new code runs, or what is gone was let go."""
        return self.problem is None

    @property
    def is_postponed(self) -> bool:
        """Whether the only reason against it was that something still ran, so that it may be tried again."""
        return self.problem is not None and self.problem.step == DRAIN

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON values; ``problem`` has stage, message, file, line, column and fix."""
        problem = self.problem
        return {
            "plugins": list(self.names),
            "generation": self.generation,
            "ms": round(self.seconds * 1000, 1),
            "state_kept": list(self.state_kept),
            "unloaded": list(self.unloaded),
            "gap_ms": round(self.gap * 1000, 1),
            "warnings": list(self.warnings),
            "problem": problem
            and {
                "stage": problem.step,
                "message": problem.message,
                "file": str(problem.file) if problem.file is not None else None,
                "line": problem.line,
                "column": problem.column,
                "fix": problem.fix,
            },
        }


def refused(
    stage: str,
    message: str,
    *,
    plugin: str,
    file: str | Path | None = None,
    line: int | None = None,
    column: int | None = None,
    fix: str | None = None,
) -> PluginFailed:
    """The reason why a reload is not done at one of the stages that are no steps of loading."""
    problem = PluginFailed(f"{stage}: {message}", plugin=plugin, step=stage, file=file, line=line, fix=fix)
    problem.column = column
    return problem


def detached(error: PluginNotAvailable) -> tuple[PluginFailed, str]:
    """A failure without what it came from, which would keep the life alive that failed; and its trace as text."""
    cause = error.__cause__
    trace = "".join(traceback.format_exception(cause)) if cause is not None else ""
    step = error.step if isinstance(error, PluginFailed) else PLAN
    problem = PluginFailed(
        error.message, plugin=error.plugin or "", step=step, file=error.file, line=error.line, fix=error.fix
    )
    problem.column = error.column
    return problem, trace
