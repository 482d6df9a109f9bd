"""A cache.json of the guide's shape moves into the storage once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localagent.services.clock import Clock
from localagent.services.guide_cache import import_guide_cache
from localagent.services.storage import Storage

NOW = 1_700_000_000.0
CLOCK = Clock("boot", lambda: 100.0, lambda: NOW)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "data" / "storage.sqlite3", plugin="p", tell=print, clock=CLOCK)


def write(folder: Path, content: Any) -> Path:
    (folder / "cache.json").write_text(json.dumps(content))
    return folder


def test_living_entries_are_taken_once_and_the_file_stays(tmp_path: Path, storage: Storage) -> None:
    told: list[str] = []
    storage.set("kept", "newer")
    folder = write(
        tmp_path,
        {
            "a": {"value": [1], "timestamp": NOW - 5},
            "b": {"value": 2, "timestamp": NOW - 5, "expires": NOW + 60},
            "over": {"value": 3, "timestamp": NOW - 5, "expires": NOW - 1},
            "kept": {"value": "older", "timestamp": NOW - 5},
        },
    )
    assert import_guide_cache(storage, folder, tell=told.append, clock=CLOCK) == 3
    keys = storage.keys()
    assert {key: storage.get(key) for key in keys} == {"a": [1], "b": 2, "kept": "newer"}
    assert told == [f"3 entries of {folder}/cache.json were taken into the storage; the file is not read any more"]
    storage.delete("a")
    assert import_guide_cache(storage, folder, tell=told.append, clock=CLOCK) == 0
    assert (storage.get("a"), len(told), (folder / "cache.json").exists()) == (None, 1, True)


def test_without_a_file_nothing_happens(tmp_path: Path, storage: Storage) -> None:
    assert import_guide_cache(storage, tmp_path, tell=print) == 0
    assert not storage.keys()


@pytest.mark.parametrize("content", [[], {"a": 1}, {"a": {"timestamp": 1}}, {"a": {"value": 1, "expires": "x"}}])
def test_another_shape_is_told_and_left(tmp_path: Path, storage: Storage, content: Any) -> None:
    told: list[str] = []
    assert import_guide_cache(storage, write(tmp_path, content), tell=told.append, clock=CLOCK) == 0
    assert "was not taken into the storage" in told[0]
    assert storage.keys() == []
