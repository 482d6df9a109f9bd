"""What each built-in component draws, as pictures that were looked at; and what holds of every picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from localagent.plugins.markup import Markup
from localagent.plugins.workflow_status import WorkflowStatus
from localagent.ui.built_in import BUILT_IN
from localagent.ui.components import ComponentRegistry
from localagent.ui.drawing import Drawing
from localagent.ui.screen import Screen

PICTURES = Path(__file__).parent / "pictures"
WIDTHS = (20, 80, 200)
HOSTILE = "[bold]x[/bold] [/] \x1b[31mred\x07 \u202etxt :smile: 漢字"


def drawn(name: str, data: Any, *, width: int, encoding: str = "utf-8", **options: Any) -> str:
    """What is written to a file; lines as they are, without the blanks at their ends."""
    file = io.StringIO()
    screen = Screen(file, width=width, encoding=encoding)
    drawing = Drawing.make(ComponentRegistry().find(name), data, options, screen)
    screen.console.print(drawing)
    assert drawing.failure is None
    return "\n".join(map(str.rstrip, file.getvalue().rstrip("\n").split("\n"))) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_sample_looks_as_its_picture(name: str, width: int) -> None:
    picture = PICTURES / f"{name}-{width}.txt"
    assert drawn(name, BUILT_IN[name].sample, width=width) == picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1, 2, 3, 7, 20, 200])
@pytest.mark.parametrize("name", BUILT_IN)
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    lines = drawn(name, BUILT_IN[name].sample, width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any(line.strip() for line in lines)


@pytest.mark.parametrize("name", ["data_table", "status_panel", "progress_dashboard", "diff", "tree"])
def test_nothing_is_lost_at_width_one(name: str) -> None:
    data: dict[str, Any] = {
        "data_table": [{"key": "first"}],
        "status_panel": {"key": "first"},
        "progress_dashboard": [{"name": "first"}],
        "diff": "first",
        "tree": {"key": "first"},
    }
    shown = "".join(drawn(name, data[name], width=1).split())
    assert "first" in shown or name == "tree"  # the branches take the only column


@pytest.mark.parametrize("name", BUILT_IN)
def test_text_from_elsewhere_is_drawn_and_never_obeyed(name: str) -> None:
    data: dict[str, Any] = {
        "data_table": [{HOSTILE: HOSTILE}],
        "progress_dashboard": [{"name": HOSTILE, "phase": HOSTILE}],
        "status_panel": {HOSTILE: HOSTILE},
        "tree": {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]},
        "diff": {"before": HOSTILE, "after": f"{HOSTILE} and more"},
        "markdown": f"{HOSTILE}\n\n[link](http://e\x1bvil/)\n",
    }
    options = {} if name == "markdown" else {"title": HOSTILE}
    shown = drawn(name, data[name], width=160, **options)
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "[bold]x[/bold]" in shown
    assert ":smile:" in shown
    assert "\\x1b[31mred\\x07 \\u202etxt" in shown


def test_marked_text_is_coloured_and_its_control_characters_are_not_obeyed() -> None:
    screen = Screen(io.StringIO(), width=40, record=True)
    data = [{"state": Markup("[green]ready\x1b[2J[/green]"), "other": "[green]plain[/green]"}]
    screen.console.print(Drawing.make(ComponentRegistry().find("data_table"), data, {}, screen))
    shown = screen.console.export_text(styles=True)
    assert "\x1b[32mready\\x1b[2J" in shown
    assert "[green]plain[/green]" in shown


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_poor_encoding_gets_plain_frames(name: str) -> None:
    shown = drawn(name, BUILT_IN[name].sample, width=80, encoding="ascii")
    assert not set("┏━│╭├└─") & set(shown)


@pytest.mark.parametrize(
    ("name", "empty", "text"),
    [
        ("data_table", [], "no rows"),
        ("progress_dashboard", [], "nothing runs"),
        ("status_panel", {}, "Status"),
        ("diff", {"before": "a", "after": "a"}, "no difference"),
        ("tree", {}, "data"),
    ],
)
@pytest.mark.parametrize("width", [10, 80])
def test_without_data_it_says_so(name: str, empty: Any, text: str, width: int) -> None:
    assert text in " ".join(drawn(name, empty, width=width).split())


def test_rows_may_differ_in_their_keys_and_columns_may_be_chosen() -> None:
    data = [{"a": 1}, {"b": True, "c": None}, {"a": [1, {"x": "y"}]}]
    shown = drawn("data-table", data, width=80)
    assert "true" in shown
    assert '[1, {"x": "y"}]' in shown
    assert drawn("data-table", data, width=80, columns=["b"]).count("│") == 3 * 2
    assert drawn("data-table", data, width=80, columns="b") == drawn("data-table", data, width=80, columns=["b"])


def test_progress_out_of_range_is_drawn_as_the_nearest() -> None:
    shown = drawn("progress_dashboard", [WorkflowStatus("a", 170), WorkflowStatus("b", -3)], width=80)
    assert "100%" in shown
    assert " 0%" in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=4), st.integers(1, 90))
def test_any_rows_can_be_drawn_at_any_width(data: list[dict[str, Any]], width: int) -> None:
    shown = drawn("data_table", data, width=width)
    assert max(map(cell_len, shown.splitlines())) <= max(width, 2)  # a wide character does not fit into one column


@given(json_values, st.integers(1, 90))
def test_any_data_can_be_drawn_as_a_tree(data: Any, width: int) -> None:
    assert drawn("tree", data, width=width)
