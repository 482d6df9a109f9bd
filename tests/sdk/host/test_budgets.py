"""How long steps may take, and who says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import PluginFailed, PluginTimeout
from localagent.host.budgets import Budgets
from localagent.host.situation import HostOptions, Situation
from localagent_cli.exit_codes import code_of


def test_the_users_word_wins_and_the_rest_stays(home: Path) -> None:
    home.mkdir()
    (home / "config.yaml").write_text("budgets: {import: 0.5, cleanup_after_signal: 2}\n")
    situation = Situation.read(HostOptions(budgets=Budgets(import_=1, handler=7)))
    assert situation.budgets == Budgets(import_=0.5, handler=7, cleanup_after_signal=2)
    assert situation.settings.problem is None


@pytest.mark.parametrize("text", ["{imprt: 1}", "{import: 0}", "{import: soon}", "{import: true}", "[1]", "5"])
def test_what_is_no_budget_is_a_problem_of_the_settings(home: Path, text: str) -> None:
    home.mkdir()
    (home / "config.yaml").write_text(f"budgets: {text}\n")
    situation = Situation.read()
    assert "seconds above 0" in str(situation.settings.problem)
    assert situation.budgets == Budgets()


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("import", 5),
        ("construct", 5),
        ("initialise", 10),
        ("handler of 'x'", 30),
        ("ready hook", 30),
        ("command", None),
    ],
)
def test_each_step_has_its_limit_but_commands(step: str, seconds: float | None) -> None:
    assert Budgets().limit_of(step) == seconds


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PluginTimeout("late", plugin="a", step="import"), 3),
        (PluginTimeout("late", plugin="a", step="initialise"), 3),
        (PluginTimeout("late", plugin="a", step="handler of 'x'"), 5),
        (PluginFailed("bad", plugin="a", step="handler of 'x'"), 3),
    ],
)
def test_a_late_plugin_cannot_be_had_and_a_late_call_is_a_time_out(failure: PluginFailed, code: int) -> None:
    assert code_of(failure) == code
