"""Folders that appear in one step."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localagent_cli.scaffold.stage import put_in_place, staging, sweep

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from localagent_cli.scaffold.stage import staging
with staging(Path(sys.argv[1]), "notes") as stage:
    (stage / "notes").mkdir()
    print(stage.name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """A process that holds a stage in `tmp_path` until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_stage_is_gone_when_its_block_ends(tmp_path: Path) -> None:
    with staging(tmp_path, "notes") as stage:
        (stage / "notes").mkdir()
        assert names(tmp_path) == [stage.name]
    assert names(tmp_path) == []


def test_a_living_stage_is_left_alone_and_a_dead_one_is_swept(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with holder:
        assert holder.stdout is not None
        stage = holder.stdout.readline().strip()
        sweep(tmp_path)
        assert names(tmp_path) == [stage]
        holder.kill()
        holder.wait()
        assert names(tmp_path) == [stage]
        with staging(tmp_path, "notes"):
            assert stage not in names(tmp_path)
    assert names(tmp_path) == []


def test_only_stages_are_swept(tmp_path: Path) -> None:
    kept = [".localagent-new-notes", ".localagent-new-notes-x", "localagent-new-notes-1", "notes-1"]
    for name in kept:
        (tmp_path / name).mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / ".localagent-new-notes-7").symlink_to("precious")
    (tmp_path / ".localagent-new-notes-8").write_text("a file")
    sweep(tmp_path)
    assert names(tmp_path) == sorted([*kept, "precious", ".localagent-new-notes-7", ".localagent-new-notes-8"])


def test_what_was_there_comes_back_if_the_new_cannot_be_moved(tmp_path: Path) -> None:
    target = tmp_path / "notes"
    target.mkdir()
    (target / "plugin.py").touch()
    with pytest.raises(FileNotFoundError), staging(tmp_path, "notes") as stage:
        put_in_place(stage / "never-made", target, replace=True)
    assert names(tmp_path) == ["notes"]
    assert names(target) == ["plugin.py"]


def test_an_empty_folder_that_appeared_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "notes"
    with staging(tmp_path, "notes") as stage:
        (stage / "notes").mkdir()
        target.mkdir()
        with pytest.raises(FileExistsError):
            put_in_place(stage / "notes", target, replace=False)
    assert names(tmp_path) == ["notes"]


def test_what_a_dead_process_moved_aside_comes_back(tmp_path: Path) -> None:
    """A kill between the two renames of a replacement."""
    dead = tmp_path / ".localagent-new-my-notes-12345"
    (dead / ".replaced").mkdir(parents=True)
    (dead / ".replaced" / "plugin.py").touch()
    sweep(tmp_path)
    assert names(tmp_path) == ["my-notes"]
    assert names(tmp_path / "my-notes") == ["plugin.py"]


def test_what_a_dead_process_replaced_is_gone(tmp_path: Path) -> None:
    """A kill after both renames."""
    (tmp_path / ".localagent-new-notes-12345" / ".replaced" / "old").mkdir(parents=True)
    (tmp_path / "notes" / "new").mkdir(parents=True)
    sweep(tmp_path)
    assert names(tmp_path) == ["notes"]
    assert names(tmp_path / "notes") == ["new"]
