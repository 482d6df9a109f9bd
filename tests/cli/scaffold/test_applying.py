"""A change of many files is made whole, whatever ends it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localagent.errors import RefusedError
from localagent_cli.scaffold import applying
from localagent_cli.scaffold.update import update_plugin
from localagent_templates.history import History
from small_template import FIRST, SECOND, contents, edit, history_of, made_plugin

ROUNDS = [pytest.param(2, id="2"), pytest.param(50, id="50", marks=pytest.mark.soak)]
OLD = {"a.txt": "old a", "b.txt": "old b", "gone/c.txt": "old c"}
NEW = {"a.txt": "new a", "b.txt": "new b", "new/d.txt": "new d"}


def folder_of(files: dict[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_of(OLD, tmp_path / "folder")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return folder_of(NEW, tmp_path / "tree")


def cut_short(folder: Path, tree: Path, *, after: int) -> None:
    """Leave `folder` as a process does that is killed between renames; one that fails stands for that."""
    (folder / "new").write_text("in the way of a folder")
    with pytest.raises(OSError, match="exists"):
        applying.apply(folder, tree, written=["a.txt", "b.txt", "new/d.txt"], removed=["gone/c.txt"], note="noted")
    (folder / "new").unlink()
    for name in ["a.txt", "b.txt"][after:]:
        (folder / name).rename(folder / applying.STAGE / "new" / name)
        (folder / name).write_text(OLD[name])


def texts(folder: Path) -> dict[str, str]:
    return {name: content.decode() for name, content in contents(folder).items()}


def test_what_is_asked_for_is_done(folder: Path, tree: Path) -> None:
    applying.apply(folder, tree, written=["a.txt", "b.txt", "new/d.txt"], removed=["gone/c.txt"], note=None)
    assert texts(folder) == NEW
    assert not (folder / "gone").exists()


@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_was_cut_short_is_finished(after: int, folder: Path, tree: Path) -> None:
    cut_short(folder, tree, after=after)
    assert applying.is_unfinished(folder)
    assert applying.finish(folder) == "noted"
    assert texts(folder) == NEW
    assert not applying.is_unfinished(folder)


def test_what_was_changed_meanwhile_is_not_overwritten(folder: Path, tree: Path) -> None:
    cut_short(folder, tree, after=1)
    (folder / "b.txt").write_text("newer b")
    with pytest.raises(RefusedError, match=r"changed since the update began: b\.txt"):
        applying.finish(folder)
    assert (folder / "b.txt").read_text() == "newer b"
    (folder / "b.txt").write_text("old b")
    assert applying.finish(folder) == "noted"
    assert texts(folder) == NEW


def test_a_file_that_cannot_be_prepared_leaves_all_as_it_was(folder: Path, tree: Path) -> None:
    with pytest.raises(FileNotFoundError):
        applying.apply(folder, tree, written=["a.txt", "missing.txt"], removed=["gone/c.txt"], note=None)
    assert texts(folder) == OLD


def test_a_stage_is_hidden_from_git(folder: Path, tree: Path) -> None:
    cut_short(folder, tree, after=1)
    assert (folder / applying.STAGE / ".gitignore").read_text() == "*\n"


APPLY = """
import signal, sys
from pathlib import Path
from localagent_cli.scaffold import applying
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, tree = map(Path, sys.argv[1:])
applying.apply(folder, tree, written=[path.name for path in sorted(tree.iterdir())], removed=[], note=None)
"""


def test_ctrl_c_does_not_come_between_renames(tmp_path: Path) -> None:
    many = [f"{number}.txt" for number in range(150)]
    folder = folder_of(dict.fromkeys(many, "old"), tmp_path / "folder")
    tree = folder_of(dict.fromkeys(many, "new"), tmp_path / "tree")
    process = subprocess.Popen([sys.executable, "-c", APPLY, folder, tree], stderr=subprocess.DEVNULL)
    while process.poll() is None and (folder / many[0]).read_text() == "old":
        time.sleep(0.0001)
    process.send_signal(signal.SIGINT)
    process.wait()
    assert texts(folder) == dict.fromkeys(many, "new")
    assert not applying.is_unfinished(folder)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.mktemp("toolkit"), FIRST, current=SECOND)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory, history: History) -> Path:
    """A plugin that no test changes."""
    plugin = made_plugin(tmp_path_factory.mktemp("made") / "notes", history)
    edit(plugin)
    return plugin


def test_an_update_that_was_cut_short_is_ended_by_the_next(edited: Path, history: History, tmp_path: Path) -> None:
    whole = shutil.copytree(edited, tmp_path / "whole", symlinks=True)
    update = update_plugin(whole, history=history)
    plugin = shutil.copytree(edited, tmp_path / "notes", symlinks=True)
    tree = shutil.copytree(whole, tmp_path / "tree", symlinks=True)
    (plugin / "docs").write_text("in the way of a folder")
    changes = [{"action": change.action, "path": change.path} for change in update.changes]
    with pytest.raises(OSError, match="exists"):
        applying.apply(
            plugin,
            tree,
            written=["README.md", "plugin.py", "tests/test_plugin.py", "docs/new.md", "untouched.txt"],
            removed=["config/old.ini", "tests/test_it.py"],
            note={"before": "1.0.0", "after": "1.1.0", "changes": changes},
        )
    (plugin / "docs").unlink()
    with pytest.raises(RefusedError, match="cut short"):
        update_plugin(plugin, plan=True, history=history)
    ended = update_plugin(plugin, history=history)
    assert ended.resumed
    assert [change.path for change in ended.changes] == [change.path for change in update.changes]
    answers = ".copier-answers.yml"
    assert {**contents(plugin), answers: b""} == {**contents(whole), answers: b""}


def end_update(plugin: Path, history: History, by: signal.Signals, *, after: float) -> int:
    """Begin to update a plugin and end it `after` seconds from when its stage was seen; gives the exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "dev", "update", str(plugin)],
        env={**os.environ, "PYTHONPATH": str(history.current.parent.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads here
    )
    while process.poll() is None and not (plugin / applying.STAGE).exists():
        time.sleep(0.0002)
    time.sleep(after)
    process.send_signal(by)
    return process.wait()


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_plugin_is_at_the_old_template_or_at_the_new_one(
    by: signal.Signals, rounds: int, edited: Path, history: History, home: Path, tmp_path: Path
) -> None:
    old = contents(edited)
    whole = shutil.copytree(edited, tmp_path / "whole", symlinks=True)
    update_plugin(whole, history=history)
    new = contents(whole)
    chance = random.Random(by + rounds)  # noqa: S311 - moments, not secrets
    for number in range(rounds):
        plugin = shutil.copytree(edited, tmp_path / str(number) / "notes", symlinks=True)
        end_update(plugin, history, by, after=chance.uniform(0, 0.02))
        noted = applying.is_unfinished(plugin)
        found = {name: text for name, text in contents(plugin).items() if not name.startswith(applying.STAGE)}
        assert noted or found in (old, new)
        update_plugin(plugin, history=history)
        assert contents(plugin) == new
