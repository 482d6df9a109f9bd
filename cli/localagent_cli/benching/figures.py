"""The figures that say what a plugin costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        key: its name in budgets, baselines and JSON; ends with the unit.
        title: what it says, in few words.
        unit: of its values.
        noise: a difference that says nothing, in this unit.
    """

    key: str
    title: str
    unit: str
    noise: float

    def shown(self, value: float) -> str:
        """A value with its unit, in three digits or so."""
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 - powers of ten
        return f"{value:.{digits}f} {self.unit}"


FIGURES = (
    Figure("import_ms", "import and construct", "ms", 5.0),
    Figure("initialise_ms", "become ready", "ms", 5.0),
    Figure("first_call_ms", "first call", "ms", 10.0),
    Figure("p95_ms", "95 % of further calls within", "ms", 5.0),
    Figure("memory_mb", "memory at its peak", "MB", 2.0),
    Figure("leak_kb", "memory lost per disable and enable", "kB", 8.0),
)
FIGURE_OF = {figure.key: figure for figure in FIGURES}
