"""Tables fit what they are shown on, whatever is in their cells."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from localagent_cli.table import cell_width, render

COLUMNS = ("name", "state", "source")
ROWS = [["alpha", "enabled", "/home/me/.localagent/plugins/alpha"], ["b", "failed (manifest)", "b"]]


def test_a_table_nobody_looks_at_is_as_wide_as_its_content() -> None:
    assert render(COLUMNS, ROWS, title="All", unicode=False).splitlines() == [
        "All",
        "name   state              source",
        "-" * 60,
        "alpha  enabled            /home/me/.localagent/plugins/alpha",
        "b      failed (manifest)  b",
    ]


def test_long_cells_are_folded_the_widest_first() -> None:
    assert render(COLUMNS, ROWS, width=42).splitlines() == [
        "name   state              source",
        "─" * 42,
        "alpha  enabled            /home/me/.locala",
        "                          gent/plugins/alp",
        "                          ha",
        "b      failed (manifest)  b",
    ]


def test_where_columns_would_be_unreadable_cells_stand_below_each_other() -> None:
    assert render(COLUMNS, ROWS, width=20).splitlines() == [
        "name: alpha",
        "state: enabled",
        "source:",
        "/home/me/.localagent",
        "/plugins/alpha",
        "",
        "name: b",
        "state: failed",
        "(manifest)",
        "source: b",
    ]


def test_wide_characters_count_twice_and_marks_not_at_all() -> None:
    assert cell_width("プラグ") == 6
    assert cell_width("e\N{COMBINING ACUTE ACCENT}") == 1
    first, _, second, third = render(("a", "b"), [["プラグ", "1"], ["abcdef", "2"]]).splitlines()
    assert (first, second, third) == ("a       b", "プラグ  1", "abcdef  2")


def test_what_would_move_the_cursor_is_shown_instead() -> None:
    drawn = render(("a",), [["\x1b[2J\nx\t\u202e\udcff"]], unicode=False)
    assert drawn.splitlines()[-1] == "\\x1b[2J\\nx\\t\\u202e\udcff"


def test_colours_mark_states_and_change_no_width() -> None:
    plain, coloured = render(COLUMNS, ROWS, width=42), render(COLUMNS, ROWS, width=42, colour=True)
    assert "\x1b[32menabled\x1b[0m" in coloured
    assert "\x1b[31mfailed (manifest)\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain


@given(
    rows=st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), max_size=5),
    width=st.integers(2, 100),
)
@example(rows=[["プ" * 30, " ", "x" * 30]], width=30)
@example(rows=[["", "", " "]], width=9)
@example(rows=[["a b c d e f g h i", "", "x"]], width=2)
def test_no_line_is_wider_than_the_terminal(rows: list[list[str]], width: int) -> None:
    lines = render(COLUMNS, rows, title="A title", width=width).split("\n")
    assert max(map(cell_width, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


@given(rows=st.lists(st.lists(st.from_regex(r"[a-z]{0,30}", fullmatch=True), min_size=3, max_size=3), max_size=5))
def test_no_letter_is_lost(rows: list[list[str]]) -> None:
    drawn = render(("", "", ""), rows, width=30)
    assert sorted(char for char in drawn if char.isalpha()) == sorted("".join("".join(row) for row in rows))
