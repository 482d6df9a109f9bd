"""Watching a few files."""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localagent.services import watching
from localagent.services.watching import Watch

PATIENCE = 30


@pytest.fixture(params=["told by the system", "looking", "forced to look"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How changes are noticed."""
    if request.param == "looking":
        # An interpreter without the package says this.
        monkeypatch.setitem(sys.modules, "watchfiles", None)
        monkeypatch.setattr(watching, "INTERVAL", 0.02)
    if request.param == "forced to look":
        monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    return str(request.param)


class Told:
    """What a watch told; one `wait` for each."""

    def __init__(self, *files: Path) -> None:
        self._queue: queue.Queue[None] = queue.Queue()
        self.watch = Watch(lambda: files, lambda: self._queue.put(None))

    def wait(self) -> None:
        self._queue.get(timeout=PATIENCE)

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()


@pytest.fixture
def told(way: str, tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path / "a.yaml", tmp_path / "b.yaml")
    yield told
    told.watch.stop()


def test_files_are_seen_made_written_replaced_and_removed(told: Told, tmp_path: Path) -> None:
    file, beside = tmp_path / "a.yaml", tmp_path / "other"
    file.write_text("1")
    told.wait()
    file.write_text("12")
    told.wait()
    beside.write_text("12")
    beside.replace(file)
    told.wait()
    file.unlink()
    told.wait()
    (tmp_path / "b.yaml").write_text("1")
    told.wait()


def test_a_change_leaves_nothing_in_the_log(told: Told, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a.yaml").write_text("1")
    told.wait()
    assert caplog.messages == []


def test_a_file_behind_a_link_is_seen(way: str, tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "real.yaml", tmp_path / "a.yaml"
    target.parent.mkdir()
    target.write_text("1")
    link.symlink_to(target)
    told = Told(link)
    target.write_text("12")
    told.wait()
    told.watch.stop()


def test_a_folder_that_is_not_there_yet_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "INTERVAL", 0.02)
    file = tmp_path / "later" / "a.yaml"
    told = Told(file)
    file.parent.mkdir()
    file.write_text("1")
    told.wait()
    told.watch.stop()


def test_a_watch_that_was_stopped_leaves_no_thread_and_tells_nothing(told: Told, tmp_path: Path) -> None:
    told.watch.stop()
    assert not any(thread.name == "localagent settings watch" for thread in threading.enumerate())
    (tmp_path / "a.yaml").write_text("1")
    assert told.is_empty
