"""Safe changes: each puts its finding right and nothing wrong."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.diagnostics.choosing import Choice
from localagent.diagnostics.diagnostic import Diagnostic, Place, Severity
from localagent.diagnostics.edits import Edit, edited, replacing
from localagent.diagnostics.validation import validate_path

MUSEUM = Path(__file__).parents[2] / "museum"
CASES = sorted(file.parent for file in MUSEUM.glob("LA[1-4]*/*/expected.toml"))
FILE = Path("file.txt")


def _choice(case: Path) -> Choice:
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    return Choice(tuple(expected.get("select", ())))


FIXABLE = [case for case in CASES if any(each.edit for each in validate_path(case, choice=_choice(case)).diagnostics)]


def finding(line: int, column: int, edit: Edit | None) -> Diagnostic:
    return Diagnostic("LA100", Severity.ERROR, "wrong", Place(FILE, line, column), edit=edit)


@pytest.mark.parametrize("case", FIXABLE, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_an_edit_removes_its_finding_and_makes_no_other(case: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    before = after = validate_path(copy, choice=_choice(case)).diagnostics
    for _round in range(3):
        texts = {file: file.read_text(encoding="utf-8") for file in copy.rglob("*") if file.is_file()}
        for file, text in edited(after, texts).items():
            file.write_text(text, encoding="utf-8")
        after = validate_path(copy, choice=_choice(case)).diagnostics
    assert [each for each in after if each.edit] == []
    assert {each.rule for each in after} <= {each.rule for each in before if each.edit is None}


def test_half_of_the_museum_that_can_be_put_right_by_program_is() -> None:
    assert {case.parent.name for case in FIXABLE} >= {"LA103", "LA104", "LA119", "LA203", "LA302", "LA306", "LA310"}


def test_several_edits_of_one_line_do_not_move_each_other() -> None:
    found = [finding(1, 1, replacing("a", "long")), finding(1, 3, replacing("b", "longer")), finding(1, 5, None)]
    assert edited(found, {FILE: "a b c\n"}) == {FILE: "long longer c\n"}


def test_lines_are_added_below_with_the_ending_of_the_file() -> None:
    assert edited([finding(1, 1, Edit("new"))], {FILE: "one\r\ntwo\r\n"}) == {FILE: "one\r\nnew\r\ntwo\r\n"}
    assert edited([finding(1, 1, Edit("new"))], {FILE: "one"}) == {FILE: "one\nnew\n"}


def test_what_is_not_there_any_more_is_left_alone() -> None:
    assert edited([finding(1, 1, replacing("absent", "new")), finding(9, 1, Edit("x"))], {FILE: "one\n"}) == {}
    assert replacing("same", "same") is None


@given(st.text(), st.integers(0, 5), st.integers(0, 9), st.text(max_size=3), st.text(max_size=3))
def test_no_edit_breaks(text: str, line: int, column: int, old: str, new: str) -> None:
    changed = edited([finding(line, column, Edit(new, old))], {FILE: text})
    assert set(changed) <= {FILE}
