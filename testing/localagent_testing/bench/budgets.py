"""What the project allows its plugin to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import ConfigError
from localagent.manifest.wording import did_you_mean
from localagent_cli.benching.figures import FIGURE_OF
from localagent_testing.conformance.plan import project_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.host.spec import PluginSpec

TABLE = "tool.localagent.budgets"
"""The table of ``pyproject.toml`` that is read here."""


def budgets_of(spec: PluginSpec) -> Mapping[str, float]:
    """The highest allowed value of each figure that has a budget, by its key, in its unit.

    Raises:
        ConfigError: ``pyproject.toml`` cannot be read, or the table has something else than such values.
    """
    table, file = project_table(spec, TABLE), spec.source.root / "pyproject.toml"
    budgets: dict[str, float] = {}
    for key, value in table.items():
        if key not in FIGURE_OF:
            hint = did_you_mean(key, FIGURE_OF)
            message = f"[{TABLE}] has no key '{key}'" + (f", {hint}" if hint else "")
            raise ConfigError(message, file=file, fix=f"it takes {', '.join(FIGURE_OF)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            message = f"'{key}' in [{TABLE}] must be a number greater than 0"
            raise ConfigError(message, file=file, fix=f"write, for example, {key} = 200")
        budgets[key] = float(value)
    return budgets
