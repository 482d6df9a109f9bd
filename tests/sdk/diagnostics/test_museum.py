"""Every folder of the museum trips the rules its ``expected.toml`` names, and no others."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from localagent.diagnostics.catalogue import all_rules
from localagent.diagnostics.choosing import Choice
from localagent.diagnostics.diagnostic import Diagnostic
from localagent.diagnostics.validation import STATIC_FAMILIES, validate_path
from localagent.errors import ManifestError
from localagent.manifest.model import manifest_in, read_manifest

MUSEUM = Path(__file__).parents[2] / "museum"
CASES = sorted(file.parent for file in MUSEUM.glob("LA[1-4]*/*/expected.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_case_has_exactly_the_expected_findings(case: Path) -> None:
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    report = validate_path(case, choice=Choice(tuple(expected.get("select", ()))))
    found = [_summary(diagnostic, case) for diagnostic in report.diagnostics]
    assert found == [(each["rule"], each["file"], each["line"], each["column"]) for each in expected["finding"]]
    assert int(report.failed()) == expected["exit"]
    assert all(diagnostic.fix for diagnostic in report.diagnostics)
    for diagnostic in report.diagnostics:
        meant = diagnostic.hint.removeprefix("did you mean ").removesuffix("?")
        assert not meant or meant not in diagnostic.message, "what stands there is no suggestion"


@pytest.mark.parametrize("case", [case for case in CASES if case.parent.name in {"LA102", "LA103", "LA104"}], ids=str)
def test_a_manifest_of_a_wrong_shape_cannot_be_read_as_one(case: Path) -> None:
    """So that who only asks whether the shape is right need not load the JSON Schema."""
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    manifest = manifest_in(case)
    assert manifest is not None
    if expected["exit"]:
        with pytest.raises(ManifestError):
            read_manifest(manifest)


def test_every_static_rule_has_a_case() -> None:
    shown = {folder.name for folder in MUSEUM.iterdir() if folder.is_dir()}
    assert {rule.id for rule in all_rules() if rule.family in STATIC_FAMILIES} <= shown


def _summary(diagnostic: Diagnostic, case: Path) -> tuple[str, str, int | None, int | None]:
    where = diagnostic.where
    return diagnostic.rule, where.file.relative_to(case).as_posix(), where.line, where.column
