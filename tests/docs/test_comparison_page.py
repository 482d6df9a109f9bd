"""The figures of the page that compares are those that the other pages and the benchmarks have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "comparison.md").read_text("utf-8")
FAULTS = (DOCS / "faults.md").read_text("utf-8").partition("## One fault\n\n")[2].partition("\n\n")[0]
COLUMNS = {"LocalAgent": 1, "llm": 6, "stevedore": 7, "npe2": 8}


@pytest.mark.parametrize("host", COLUMNS)
def test_the_faults_are_counted_as_the_page_of_faults_has_them(host: str) -> None:
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in FAULTS.splitlines()]
    column = COLUMNS[host]
    assert host == "LocalAgent" or head[column].startswith(host)
    fine = sum(row[column] in ("ok", "works") for row in rows)
    assert f"| {host} | {fine} of {len(rows)} |" in PAGE


@pytest.mark.parametrize(
    ("row", "quoted"),
    [
        ("--help, 100 against llm --help", "| `--help` with 100 plugins |"),
        ("plugins list, 100 against npe2 list", "| `plugins list` with 100 plugins |"),
        ("broadcast to 100 sync handlers against pluggy", "| a broadcast to 100 sync handlers |"),
    ],
)
def test_the_goals_are_those_of_the_benchmarks(row: str, quoted: str) -> None:
    figures = (DOCS / "performance.md").read_text("utf-8")
    measured = re.search(rf"^\| {re.escape(row)} \|.*≤ ([\d.]+) \|", figures, re.MULTILINE)
    (line,) = [line for line in PAGE.splitlines() if line.startswith(quoted)]
    assert measured
    assert line.endswith(f"| {measured[1]} |")
