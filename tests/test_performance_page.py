"""Figures of the benchmarks as JSON, as a page and as plots."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.areas import AREAS, CURVES, row_of
from benchmarks.claims import BEGIN, CLAIMED, END, write_claims
from benchmarks.figures import Figures, RowFigures, read_figures, write_figures
from benchmarks.page import page_text, write_page

REQUEST = "request with a deadline against future, table and wait_for"
FIGURES = Figures(
    rows=(
        RowFigures("startup", "--help, 100 plugins against 0", 1.08, 1.02, 0.85, 1.07),
        RowFigures("startup", "--help, 100 against llm --help", 0.06),
        RowFigures("gone", "what is measured no longer", 0.5, 0.7, 0.6, 0.8),
        RowFigures("messaging", REQUEST, 0.909, 0.9, 0.85, 0.95),
        RowFigures("messaging", "told", None, 0.5, 0.4, 0.6),
        RowFigures("messaging", "noise", 0.5, 0.6, 0.4, 0.8),
    ),
    seconds={
        "growth: localagent --help, 0": 0.02,
        "growth: localagent --help, 1000": 0.03,
        "growth: one plugin's command, 1": 0.1,
        "startup: --version": 0.0125,
    },
    facts={"rounds": 3, "load before": [1.5, 2.0, 2.5], "Python": "CPython 3.11.7"},
)


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_figures(FIGURES, tmp_path / "figures.json")
    assert read_figures(tmp_path / "figures.json") == FIGURES


def test_the_table_has_each_row_with_its_verdict() -> None:
    text = page_text(FIGURES)
    assert "| --help, 100 plugins against 0 | 1.020 | 0.850 to 1.070 | ≤ 1.08 | ok |" in text
    assert "| --help, 100 against llm --help | | | ≤ 0.06 | not measured: the peer is not installed |" in text
    assert "| what is measured no longer | 0.700 | 0.600 to 0.800 | ≤ 0.5 | MISSED |" in text
    assert "| noise | 0.600 | 0.400 to 0.800 | ≤ 0.5 | in doubt |" in text
    assert "| told | 0.500 | 0.400 to 0.600 |  |  |" in text


def test_a_goal_that_is_missed_is_told_with_what_was_reached() -> None:
    told = page_text(FIGURES).partition("### What is measured no longer")[2]
    assert told.startswith("\n\nReached: 0.700, in the interval 0.600 to 0.800.\nAsked for: at most 0.5.\n\nNobody has")


def test_a_goal_that_asks_for_less_than_it_did_is_told_with_the_reason_and_the_way_there() -> None:
    row = row_of("messaging", REQUEST)
    assert row is not None
    assert row.shortfall is not None
    told = page_text(FIGURES).partition(f"### R{REQUEST[1:]}")[2]
    assert "Asked for: at most 0.667.\nHeld against: at most 0.909.\n" in told
    assert f"Why: {row.shortfall.why}\n\nWhat would have to change: {row.shortfall.change}\n" in told


def test_costs_by_number_of_plugins_stand_beside_each_other() -> None:
    text = page_text(FIGURES)
    assert "| ms of CPU time, plugins | 0 | 1 | 1000 |" in text
    assert "| localagent --help | 20.0 |  | 30.0 |" in text
    assert "| one plugin's command |  | 100.0 |  |" in text
    assert "plots/peers.svg" not in text


def test_what_the_figures_depend_on_is_on_the_page() -> None:
    text = page_text(FIGURES)
    assert "- startup: --version: 12.5 ms\n" in text
    assert text.endswith("## The machine\n\n- rounds: 3\n- load before: 1.5, 2.0, 2.5\n- Python: CPython 3.11.7\n")


def test_the_same_figures_give_the_same_page_and_plots_to_the_byte(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the group bench has what draws the plots")
    made = []
    for name in ("one", "two"):
        page = tmp_path / name / "performance.md"
        page.parent.mkdir()
        write_page(FIGURES, page)
        made.append({file.name: file.read_bytes() for file in page.parent.rglob("*") if file.is_file()})
    assert made[0] == made[1]
    assert set(made[0]) == {"performance.md", "goals.svg", "commands.svg"}
    assert b"<dc:date>" not in made[0]["goals.svg"]


def test_a_run_that_was_written_down_is_told_again_without_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_figures(FIGURES, tmp_path / "figures.json")
    assert main(["--from", str(tmp_path / "figures.json")]) == 1
    assert "| what is measured no longer | 0.700 |" in capsys.readouterr().out


def test_the_readme_claims_rows_of_the_page_as_they_stand_there() -> None:
    root = Path(__file__).parents[1]
    claims = (root / "README.md").read_text("utf-8").partition(BEGIN)[2].partition(END)[0].splitlines()
    page = (root / "docs" / "performance.md").read_text("utf-8").splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in claims[2:]] == list(CLAIMED)
    assert set(claims) <= set(page)


def test_the_readme_gets_the_rows_of_a_run(tmp_path: Path) -> None:
    rows = tuple(RowFigures("an area", what, 1, number / 10, 0, 1) for number, what in enumerate(CLAIMED))
    write_figures(Figures(rows, {}, {}), tmp_path / "figures.json")
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    main(["--from", str(tmp_path / "figures.json"), "--readme", str(readme)])
    first, *_, last = readme.read_text().splitlines()
    assert (first, last) == ("before", "after")
    assert f"| {CLAIMED[3]} | 0.300 | 0.000 to 1.000 | ≤ 1 | ok |" in readme.read_text()


def test_no_row_is_claimed_that_was_not_measured(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the run has no row 'plugins list"):
        write_claims(FIGURES, tmp_path / "README.md")


@pytest.mark.parametrize("area", AREAS)
def test_rows_of_an_area_have_names_of_their_own_and_reasons_where_they_ask_for_less(area: str) -> None:
    rows = AREAS[area].ROWS
    assert len({row.what for row in rows}) == len(rows)
    assert [row.what for row in rows if row.asked is not None and row.shortfall is None] == []
    assert all(curve.contestants for curve in CURVES.get(area, ()))
