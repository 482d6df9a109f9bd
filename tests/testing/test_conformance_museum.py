"""Every plugin of the museum breaks exactly the rule whose folder it is in, or just keeps it."""

from __future__ import annotations

import shutil
import tomllib
from contextlib import nullcontext
from pathlib import Path

import pytest

from localagent_testing.conformance import budget_rules
from localagent_testing.conformance.rules import AUDITED, CHECKS, RULES
from testing.judged import Judged, audited, judge, live

pytestmark = pytest.mark.slow

MUSEUM = Path(__file__).parents[1] / "museum"
AUDIT = frozenset(rule.id for rule in AUDITED.values())
CASES = sorted(file.parent for file in MUSEUM.glob("LA6*/*/expected.toml"))
EXAMPLES = sorted(file.parent for file in (MUSEUM.parents[1] / "examples").glob("*/plugin-manifest.yaml"))


def expected_of(case: Path) -> dict[str, str]:
    return tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))


BREAKING = [case for case in CASES if "broken" in expected_of(case)]
BUDGETS = frozenset(rule.id for rule in budget_rules.CHECKS.values())
SAMPLE = set({case.parent: case for case in BREAKING if case.parent.name not in BUDGETS}.values())
"""One that breaks it for each rule, but for what takes long to measure."""
WHOLE = [pytest.param(case, None, marks=[] if case in SAMPLE else pytest.mark.soak) for case in CASES]
LONG = {case for case in CASES if case.parent.name in BUDGETS - {"LA661"}} - set(BREAKING)
"""Plugins that keep a budget which is measured in the same processes as that of LA661."""
ITS_OWN = [pytest.param(case, case.parent.name) for case in CASES if case not in SAMPLE | LONG]
"""All others are judged by their own rule; the soak has all plugins judged by all rules."""


def judged(case: Path, folder: Path, only: str | None) -> Judged:
    """What is said of a copy of the plugin."""
    shutil.copytree(case, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with audited(folder) if case.parent.name in AUDIT else nullcontext(live(folder)) as subject:
        return judge(subject, only)


@pytest.mark.parametrize(
    ("case", "only"),
    [*WHOLE, *ITS_OWN],
    ids=lambda given: f"{given.parent.name}-{given.name}" if isinstance(given, Path) else given or "all",
)
def test_a_plugin_breaks_exactly_its_rule(case: Path, only: str | None, tmp_path: Path) -> None:
    expected, rule, folder = expected_of(case), case.parent.name, tmp_path.resolve() / case.name
    said = judged(case, folder, only)
    told = {each: [finding.message for finding in found] for each, found in said.broken.items()}
    if "broken" not in expected:
        assert told == {}
        assert rule not in said.unobserved
        return
    assert list(told) == [rule]
    assert expected["broken"] in "\n".join(told[rule])
    for finding in said.broken[rule]:
        assert finding.fix
        assert finding.where.file.is_relative_to(folder)


def test_every_rule_has_a_plugin_that_breaks_it_and_one_that_keeps_it() -> None:
    assert len(BREAKING) >= 40
    for cases in (BREAKING, set(CASES) - set(BREAKING)):
        assert {case.parent.name for case in cases} == {rule.id for rule in RULES if rule.id > "LA608"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_break_no_rule(example: Path) -> None:
    assert judge(live(example)).broken == {}


def test_words_of_rules_are_unique() -> None:
    assert len(CHECKS) == len({rule.id for rule in RULES})
