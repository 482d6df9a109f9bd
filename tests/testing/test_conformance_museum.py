"""Every plugin of the museum breaks exactly the rule whose folder it is in, or just keeps it."""

from __future__ import annotations

import shutil
import tomllib
from contextlib import nullcontext
from pathlib import Path

import pytest

from localagent_testing.conformance.rules import AUDITED, CHECKS, RULES
from testing.judged import audited, judge, live

MUSEUM = Path(__file__).parents[1] / "museum"
AUDIT = frozenset(rule.id for rule in AUDITED.values())
CASES = sorted(file.parent for file in MUSEUM.glob("LA6*/*/expected.toml"))
EXAMPLES = sorted(file.parent for file in (MUSEUM.parents[1] / "examples").glob("*/plugin-manifest.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_plugin_breaks_exactly_its_rule(case: Path, tmp_path: Path) -> None:
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    folder = shutil.copytree(case, tmp_path.resolve() / case.name, ignore=shutil.ignore_patterns("__pycache__"))
    with audited(folder) if case.parent.name in AUDIT else nullcontext(live(folder)) as subject:
        judged = judge(subject)
    told = {rule: [finding.message for finding in found] for rule, found in judged.broken.items()}
    if "broken" not in expected:
        assert told == {}
        assert case.parent.name not in judged.unobserved
        return
    assert list(told) == [case.parent.name]
    assert expected["broken"] in "\n".join(told[case.parent.name])
    for finding in judged.broken[case.parent.name]:
        assert finding.fix
        assert finding.where.file.is_relative_to(folder)


def test_every_rule_has_a_plugin_that_breaks_it_and_one_that_keeps_it() -> None:
    breaking = {case for case in CASES if "broken" in tomllib.loads((case / "expected.toml").read_text("utf-8"))}
    assert len(breaking) >= 40
    for cases in (breaking, set(CASES) - breaking):
        assert {case.parent.name for case in cases} == {rule.id for rule in RULES if rule.id > "LA608"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_break_no_rule(example: Path) -> None:
    assert judge(live(example)).broken == {}


def test_words_of_rules_are_unique() -> None:
    assert len(CHECKS) == len({rule.id for rule in RULES})
