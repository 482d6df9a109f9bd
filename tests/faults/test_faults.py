"""The short form of what `nox -s faults` does in full: one or two faults at each step, a small crowd, all strangers."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.catalogue import STEPS
from faults.cells import Cell, Outcome, all_cells, try_cell
from faults.crowd import try_crowd
from faults.page import page
from faults.peers import PeerOutcome
from faults.report import Report
from faults.sequels import SEQUELS, try_sequel
from faults.strangers import STRANGERS, try_stranger

pytestmark = pytest.mark.slow

# Hangs last as long as the time budgets say, so the full form has them.
SHORT = (
    "missing dependency at import",
    "os._exit(0) at import",
    "exit(3) at construct",
    "segfault at initialise",
    "recursion at command",
    "closed stdout at cleanup",
)


@pytest.mark.parametrize("cell", [cell for cell in all_cells() if cell.name in SHORT], ids=lambda cell: cell.name)
def test_a_fault_stays_with_its_plugin(cell: Cell, tmp_path: Path) -> None:
    assert try_cell(cell, tmp_path).problems == ()


@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=[] if step in ("import", "initialise") else pytest.mark.soak) for step in STEPS]
)
def test_a_fifth_of_a_crowd_is_broken_and_the_others_work(step: str, tmp_path: Path) -> None:
    assert list(try_crowd(step, tmp_path, size=10)) == []


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_broken_distribution_of_somebody_else_costs_nobody_anything(kind: str, tmp_path: Path) -> None:
    assert list(try_stranger(STRANGERS[kind], tmp_path)) == []


@pytest.mark.parametrize("kind", SEQUELS)
def test_what_goes_wrong_on_the_way_is_told_and_can_go_on(kind: str, tmp_path: Path) -> None:
    assert list(try_sequel(kind, tmp_path)) == []


def test_the_short_form_names_cells_that_exist() -> None:
    assert set(SHORT) <= {cell.name for cell in all_cells()}


def test_there_are_nineteen_faults_at_five_steps() -> None:
    assert len({cell.name for cell in all_cells()}) == 95


def test_a_page_tells_what_is_in_its_tables(tmp_path: Path) -> None:
    cells = [cell for cell in all_cells() if cell.step == "import"][:2]
    outcomes = (Outcome(cells[0], ()), Outcome(cells[1], ("line not named",)))
    theirs = {("llm", cells[0].fault.name): PeerOutcome((True, True), disturbed=False, named=False, code=0)}
    report = Report(
        ("llm",), outcomes, theirs, {"a torn line": ()}, {"import": ("1 is silent",)}, {"a step fails": ()}, 10
    )
    text = "\n".join(page(report))
    assert text.startswith("# Faults on purpose\n")
    assert "| fault | import | construct | initialise | command | cleanup | llm, at import |" in text
    assert "1 of 2 cells hold.\n\n- missing dependency at import: line not named\n" in text
    assert "| a torn line | ok |" in text
    assert "| import | 1 is silent |" in text
    assert "| a step fails | ok |" in text
