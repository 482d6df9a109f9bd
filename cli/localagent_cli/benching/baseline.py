"""What plugins cost at an earlier time: a file in the project, and how today compares."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.manifest.plain import is_mapping, table_at
from localagent_cli.benching.figures import FIGURES, Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from localagent_cli.benching.running import Benched

BASELINE = ".localagent-bench.json"
"""The name of the file where none is given, in the plugin's folder."""

_FORMAT = 1

_NONE: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Figures of an earlier time.

    Attributes:
        where: the Python and the kind of machine that they were measured on.
        plugins: figures by key, by plugin.
    """

    where: str
    plugins: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one figure stands.

    Attributes:
        figure: which.
        value: today's, in its unit.
        budget: the highest allowed; None where none is declared.
        before: that of the baseline; None where it has none.
        tolerance: by what share of the baseline it may grow.
    """

    figure: Figure
    value: float
    budget: float | None
    before: float | None
    tolerance: float

    @property
    def is_within_budget(self) -> bool:
        """Whether it does not exceed its budget, if it has one."""
        return self.budget is None or self.value <= self.budget

    @property
    def has_regressed(self) -> bool:
        """Whether it grew beyond the tolerance, and by more than such a figure varies by itself."""
        if self.before is None:
            return False
        return self.value > self.before * (1 + self.tolerance) and self.value - self.before > self.figure.noise


def verdicts(benched: Benched, baseline: Baseline | None, *, tolerance: float) -> list[Verdict]:
    """How each figure of a plugin stands; `tolerance` is a share such as 0.25."""
    earlier = baseline.plugins.get(benched.plugin, _NONE) if baseline is not None else _NONE
    return [
        Verdict(
            figure, benched.figures[figure.key], benched.budgets.get(figure.key), earlier.get(figure.key), tolerance
        )
        for figure in FIGURES
        if figure.key in benched.figures
    ]


def here() -> str:
    """The Python and the kind of machine that this is."""
    return f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"


def baseline_text(measured: Sequence[Benched]) -> str:
    """A baseline as the text of a file."""
    plugins = {each.plugin: {key: round(value, 3) for key, value in each.figures.items()} for each in measured}
    return json.dumps({"format": _FORMAT, "where": here(), "plugins": plugins}, indent=2) + "\n"


def read_baseline(file: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the baseline cannot be read: {error.strerror}", file=file, fix=_SAVE) from error
    except ValueError as error:
        raise ConfigError(f"the baseline is no JSON: {error}", file=file, fix=_SAVE) from error
    is_ours = is_mapping(content) and content.get("format") == _FORMAT
    plugins = table_at(content if is_ours else {}, "plugins")
    if not plugins or not all(map(_is_figures, plugins.values())):
        raise ConfigError("the file is no baseline", file=file, fix=_SAVE)
    return Baseline(str(content.get("where", "")), plugins)


_SAVE = "localagent dev bench --save"


def _is_figures(value: Any) -> bool:
    return is_mapping(value) and all(isinstance(each, int | float) for each in value.values())
