"""A file of rows is added to; what is out of date in it goes once there is more of that than of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.host.row_file import RowFile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "rows.jsonl"


def opened(file: Path) -> RowFile:
    rows = RowFile(str(file.parent.parent), file.name)
    rows.read()
    return rows


def test_rows_are_added_and_the_last_of_a_key_counts(file: Path) -> None:
    opened(file).add({"a": [1], "b": "line\nbreak"}, beside={})
    before = file.read_text()
    opened(file).add({"a": [2]}, beside={"b": "line\nbreak"})
    assert file.read_text().startswith(before)
    assert opened(file).read() == {"a": [2], "b": "line\nbreak"}


def test_nothing_is_written_where_nothing_is_new(file: Path) -> None:
    opened(file).add({"a": 1, "b": 2}, beside={})
    before = file.stat()
    opened(file).add({}, beside={"a": 1})
    assert file.stat() == before


def test_rows_that_are_out_of_date_go_in_the_end(file: Path) -> None:
    opened(file).add({"kept": 0}, beside={})
    for number in range(1000):
        opened(file).add({"changes": number}, beside={"kept": 0})
        assert opened(file).read() == {"kept": 0, "changes": number}
        assert len(file.read_text().splitlines()) < 100


def test_rows_of_another_version_are_not_read(file: Path) -> None:
    opened(file).add({"a": 1}, beside={})
    file.write_text(file.read_text().replace("[", "[0,", 1))
    assert opened(file).read() == {}


def test_a_folder_that_cannot_be_written_to_costs_nothing_else(tmp_path: Path) -> None:
    rows = opened(tmp_path / "cache" / "rows.jsonl")
    rows.add({"a": 1}, beside={})
    assert rows.read() == {}
