"""Every archive of the museum breaks the rule of its folder, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.packaging.archives import Change, make_archive, read_case
from localagent.diagnostics.catalogue import rules
from localagent.diagnostics.diagnostic import Diagnostic
from localagent_cli.packaging.verification import verify_archive

MUSEUM = Path(__file__).parents[2] / "museum"
TOLD_BY_OTHERS = {"LA500", "LA502", "LA506", "LA512", "LA517", "LA518", "LA519", "LA520"}
"""Rules whose messages hold what a library says, or the version of LocalAgent; their cases have a part of them."""
CASES = sorted(file.parent for file in MUSEUM.glob("LA5*/*/expected.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_an_archive_breaks_exactly_its_rule(case: Path, tmp_path: Path) -> None:
    change, expected = read_case(case)
    archive = make_archive(change, tmp_path)
    found = verify_archive(archive, purpose="publish")
    assert [(each.rule, _file(each, archive)) for each in found] == [
        (each.get("rule", case.parent.name), each["file"]) for each in expected["finding"]
    ]
    for each, finding in zip(expected["finding"], found, strict=True):
        if finding.rule in TOLD_BY_OTHERS:
            assert each["says"] in finding.message
        else:
            assert each["says"] == finding.message
        assert finding.fix == each["fix"]
        assert finding.where.line == each.get("line")


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_good_archive_breaks_no_rule(kind: str, tmp_path: Path) -> None:
    assert verify_archive(make_archive(Change(archive=kind), tmp_path), purpose="publish") == []


def test_twenty_wheels_and_eight_sdists_break_a_rule_of_their_own() -> None:
    kinds = [(read_case(case)[0].archive, case.parent.name) for case in CASES]
    assert len({rule for kind, rule in kinds if kind == "wheel"}) >= 20
    assert len({rule for kind, rule in kinds if kind == "sdist"}) >= 8
    assert {case.parent.name for case in CASES} == {rule.id for rule in rules("LA5")}


def _file(finding: Diagnostic, archive: Path) -> str:
    return finding.where.file.relative_to(archive).as_posix()
