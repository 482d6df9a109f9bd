"""The level that a manifest pins, and what a project's table says its rules are tried with."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.diagnostics.rule import Tier
from localagent.errors import ConfigError
from localagent_testing.conformance.plan import Plan, plan_of
from localagent_testing.conformance.rules import RULES, why_left_out
from localagent_testing.conformance.target import source_target
from testing.conftest import Workshop


def plan(folder: Path) -> Plan:
    (spec,) = source_target(folder.resolve()).specs
    return plan_of(spec)


def test_a_project_that_says_nothing_pins_no_level(workshop: Workshop) -> None:
    assert plan(workshop.plugin()) == Plan()


def test_the_table_gives_settings_commands_and_data(workshop: Workshop) -> None:
    table = """
    [tool.localagent.conformance]
    settings = { size = 10 }
    commands = [["greet", "--who", "Ada"]]
    data = { list = ["one"] }
    """
    found = plan(workshop.plugin(files={"pyproject.toml": table}))
    assert found.settings == found.provider == {"size": 10}
    assert found.commands == (("greet", "--who", "Ada"),)
    assert found.data == {"list": ["one"]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("setting = {}", "has no key 'setting'"),
        ("settings = []", "'settings' in [tool.localagent.conformance] must be a table"),
        ("commands = ['greet']", "must be a list of command lines"),
        ("commands = [[]]", "must be a list of command lines"),
        ("commands", "it is no TOML"),
    ],
)
def test_a_table_that_is_no_plan_is_told_with_its_file(table: str, message: str, workshop: Workshop) -> None:
    folder = workshop.plugin(files={"pyproject.toml": f"[tool.localagent.conformance]\n{table}\n"})
    with pytest.raises(ConfigError) as raised:
        plan(folder)
    assert message in raised.value.message
    assert raised.value.file == folder.resolve() / "pyproject.toml"
    assert raised.value.fix


def test_rules_above_the_pinned_level_are_left_out() -> None:
    kept = {tier: {rule.tier for rule in RULES if not why_left_out(rule, Plan(level=tier))} for tier in Tier}
    bronze, silver, gold, platinum = Tier
    assert kept == {
        bronze: {bronze},
        silver: {bronze, silver},
        gold: {bronze, silver, gold},
        platinum: {bronze, silver, gold, platinum},
    }
    assert not any(why_left_out(rule, Plan()) for rule in RULES)


def test_a_rule_above_the_pinned_level_is_shown_as_skipped(workshop: Workshop) -> None:
    folder = workshop.plugin()
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(f"{manifest.read_text('utf-8')}testing: {{conformance: bronze}}\n", encoding="utf-8")
    done = workshop.pytest("-rs", at=folder)
    assert "4 passed, 14 skipped" in done.stdout
    assert "it is of the level silver, and the manifest pins bronze" in done.stdout


def test_a_table_that_is_no_plan_fails_with_two_lines(workshop: Workshop) -> None:
    folder = workshop.plugin(files={"pyproject.toml": "[tool.localagent.conformance]\nsetting = {}\n"})
    done = workshop.pytest("plugin-manifest.yaml::greeter::LA601-loads", at=folder)
    assert "has no key 'setting'\nfix: it takes settings, provider, service, commands, data" in done.stdout
    assert "Traceback" not in done.stdout
