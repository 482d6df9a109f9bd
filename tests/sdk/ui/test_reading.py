"""Data from files and streams."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import UnfitData, UsageError
from localagent.ui.reading import parse_data, place_of, read_data


@pytest.mark.parametrize(
    ("name", "content", "data"),
    [
        ("rows.json", '[{"a": 1}]', [{"a": 1}]),
        ("rows.json", '\ufeff{"a": "ä"}', {"a": "ä"}),
        ("rows.csv", 'a,b\n1,"x, y"\n\n2,\n', [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]),
        ("rows.CSV", "a\r\n1\r\n", [{"a": "1"}]),
        ("head.csv", "a,b\n", []),
        ("page.md", "# Title\n", "# Title\n"),
    ],
)
def test_the_ending_says_how_a_file_is_read(name: str, content: str, data: Any, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert read_data(file) == data


@pytest.mark.parametrize(
    ("content", "takes_text", "data"),
    [
        (b' \n[{"a": 1}]', False, [{"a": 1}]),
        (b"a,b\n1,2\n", False, [{"a": "1", "b": "2"}]),
        (b"a,b\n1,2\n", True, "a,b\n1,2\n"),
        (b'"text"', True, "text"),
    ],
)
def test_what_comes_without_a_name_is_read_as_it_looks(content: bytes, *, takes_text: bool, data: Any) -> None:
    assert parse_data(content, "standard input", takes_text=takes_text) == data


@pytest.mark.parametrize(
    ("form", "content", "place", "message"),
    [
        (".json", b'[\n  {"a": 1},\n  {"a" 2}\n]', (3, 8), "no JSON: Expecting ':' delimiter"),
        (".json", b" \n", (2, 1), "the data are empty"),
        (".json", b"[" * 100_000, (None, None), "nested too deeply"),
        (".json", b'["\xff"]', (1, 3), "not UTF-8: the byte 0xff"),
        (".csv", b"a\nb\n\n\xe4\n", (4, 1), "not UTF-8: the byte 0xe4"),
        (".csv", b"", (1, None), "the data are empty"),
        (".csv", b"a,b,a\n1,2,3\n", (1, None), "two columns are called 'a'"),
        (".csv", b"a,b\n1,2\n1,2,3\n", (3, None), "3 cells, where the first line names 2 columns"),
        (".csv", b'a,b\n1,"2\n', (2, None), "no CSV: unexpected end of data"),
    ],
)
def test_malformed_data_are_told_with_their_place(
    form: str, content: bytes, place: tuple[int | None, int | None], message: str
) -> None:
    with pytest.raises(UnfitData, match=message) as caught:
        parse_data(content, "rows", form=form, wanted="a list")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("rows", *place)
    assert caught.value.fix == "give a list"


@pytest.mark.parametrize("name", ["absent.json", ""])
def test_a_file_that_cannot_be_read_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the data"):
        read_data(tmp_path / name)


def test_the_place_of_an_element_is_known_where_it_can_be() -> None:
    assert place_of(b'[\n  {"a": 1},\n  2\n]', (1,)) == (3, 3)
    assert place_of(b"[1, 2]", (7,)) == (None, None)
    assert place_of(b'{"a": 1, "a": 2}', ("a",)) == (None, None)


@given(st.binary(max_size=60), st.sampled_from([".json", ".csv", ".txt", ""]))
def test_any_bytes_are_data_or_told_as_none(content: bytes, form: str) -> None:
    with contextlib.suppress(UnfitData):
        parse_data(content, "input", form=form)
