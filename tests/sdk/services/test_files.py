"""Text files that are whole at any moment."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from localagent.errors import SystemProblem
from localagent.services.files import LOCK_PATIENCE, exclusively, read_json, write_json, write_text

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_writing_replaces_the_whole_text_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "note.txt"
    write_text(file, "a long first text\n")
    write_text(file, "short\n")
    assert file.read_text(encoding="utf-8") == "short\n"
    assert list(file.parent.iterdir()) == [file]


def test_what_is_written_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_text(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_is_written_through_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "config.yaml", tmp_path / "config.yaml"
    link.symlink_to(real)
    write_text(link, "a: 1\n")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "a: 1\n"


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    file, other = tmp_path / "config.yaml", tmp_path / "other"
    file.symlink_to(other)
    other.symlink_to(file)
    with pytest.raises(SystemProblem, match="cannot write: Too many levels of symbolic links"):
        write_text(file, "x")
    assert file.is_symlink()


def test_a_text_that_cannot_be_encoded_leaves_the_old_one_intact(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    write_text(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "\ud800")
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_in_the_way_is_told_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = tmp_path / "file" / "config.yaml"
    with pytest.raises(SystemProblem, match="cannot write: ") as problem:
        write_text(file, "x")
    assert problem.value.file == file
    assert "--home" in str(problem.value.fix)


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    texts = ["a" * 200_000, "b" * 100_000]
    write_text(file, texts[0])
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for text in texts:
                write_text(file, text)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {file.read_text(encoding="utf-8") for _ in range(200)} <= set(texts)
    finally:
        stop.set()
        writer.join()


@settings(deadline=None, max_examples=50)
@given(JSON_VALUES)
def test_json_comes_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = tmp_path_factory.getbasetemp() / "round-trip.json"
    write_json(file, value)
    assert read_json(file, default="absent") == value


def test_json_is_readable_and_ordered(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": "ü", "a": [1]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "a": [\n    1\n  ],\n  "b": "ü"\n}\n'


@pytest.mark.parametrize("below", ["absent.json", "file/absent.json"])
def test_json_that_is_not_there_has_the_default(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    assert read_json(tmp_path / below, default=7) == 7


def test_json_that_is_damaged_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{")
    (tmp_path / "b.json").write_bytes(b'"\xff"')
    (tmp_path / "c.json").write_bytes(b"[" * 100_000)
    for name in ("a.json", "b.json", "c.json"):
        with pytest.raises(ValueError, match=r"line 1|utf-8|too deeply"):
            read_json(tmp_path / name, default=None)


def test_a_folder_in_place_of_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemProblem, match="cannot read: "):
        read_json(tmp_path, default=None)


def test_the_lock_is_held_inside_and_free_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.yaml"
    other = FileLock(file.with_name(".config.yaml.lock"), timeout=0, blocking=False)
    with exclusively(file), pytest.raises(TimeoutError):
        other.acquire()
    with other:
        assert not file.exists()


def test_the_lock_is_free_after_an_error_inside(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with pytest.raises(ValueError, match="mine"), exclusively(file):
        raise ValueError("mine")
    with exclusively(file):
        pass


def test_an_error_of_what_is_done_inside_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="mine"), exclusively(tmp_path / "config.yaml"):
        raise PermissionError(13, "mine")


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemProblem, match="cannot write: "), exclusively(tmp_path / "file" / "config.yaml"):
        pass  # pragma: no cover - never entered


def test_a_writer_gives_up_on_another_after_a_while(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with (
        FileLock(tmp_path / ".config.yaml.lock"),
        pytest.raises(SystemProblem, match=f"has been changing config.yaml for {LOCK_PATIENCE:.0f} seconds") as problem,
        exclusively(file),
    ):
        pass  # pragma: no cover - never entered
    assert problem.value.fix == "wait for it to end, then run the command again"


def test_who_holds_a_lock_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localagent.services.files.LOCK_PATIENCE", 0.05)
    file = tmp_path / "config.yaml"
    with (
        exclusively(file),
        pytest.raises(SystemProblem, match=rf"another process \(pid {os.getpid()}\) has been"),
        exclusively(file),
    ):
        pass


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file = tmp_path / "config.yaml"
    file.symlink_to("real/config.yaml")
    left, others = (tmp_path / "real" / name for name in (".config.yaml.a.new", ".other.yaml.a.new"))
    for stray in (left, others):
        stray.write_text("half")
    with exclusively(file):
        write_text(file, "whole")
    assert (left.exists(), others.exists()) == (False, True)
