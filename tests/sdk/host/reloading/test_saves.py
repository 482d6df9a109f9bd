"""Which changes of files are saves."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from localagent.host.reloading.saves import Saves

pytestmark = pytest.mark.asyncio


class Batches:
    """The batches that came, in order."""

    def __init__(self, root: Path) -> None:
        self.stop = asyncio.Event()
        self._queue: asyncio.Queue[set[str]] = asyncio.Queue()
        self._saves = Saves([root])
        self._root = root
        self.task = asyncio.create_task(self._collect())

    async def _collect(self) -> None:
        async for batch in self._saves.batches(self.stop):
            self._queue.put_nowait({str(file.relative_to(self._root)) for file in batch})

    async def next(self) -> set[str]:
        return await asyncio.wait_for(self._queue.get(), 30)


@pytest_asyncio.fixture
async def batches(tmp_path: Path) -> AsyncIterator[Batches]:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "one.py").write_text("1")
    (root / "inner" / "two.py").write_text("2")
    collected = Batches(root)
    await asyncio.sleep(0.3)
    yield collected
    collected.stop.set()
    await collected.task


class EditsAtImport:
    """Edits a file when watchfiles is imported, which is after the first look and before the watch begins."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "watchfiles":
            self._file.write_text("edited")


async def test_a_save_before_the_watch_has_begun_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.py").write_text("1")
    for name in [name for name in sys.modules if name.partition(".")[0] == "watchfiles"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [EditsAtImport(tmp_path / "one.py"), *sys.meta_path])
    batches = Batches(tmp_path)
    assert await batches.next() == {"one.py"}
    batches.stop.set()
    await batches.task


async def test_what_changes_nothing_and_what_is_nobodys_source_is_not_told(batches: Batches, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in (".one.py.swp", "one.py~", "4913", ".hidden.py"):
        (root / name).write_text("x")
    (root / "__pycache__").mkdir()
    (root / "__pycache__" / "one.pyc").write_text("x")
    (root / "one.py").write_text("1")
    await asyncio.sleep(0.3)
    (root / "inner" / "two.py").write_text("3")
    assert await batches.next() == {"inner/two.py"}


async def test_a_file_that_is_written_beside_and_renamed_is_one_change(batches: Batches, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "one.py").unlink()
    (root / "one.py.tmp").write_text("other")
    (root / "one.py.tmp").rename(root / "one.py")
    assert await batches.next() == {"one.py"}


async def test_a_checkout_of_many_files_is_one_batch(batches: Batches, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for number in range(200):
        (root / f"file_{number}.py").write_text(str(number))
    told = await batches.next()
    while len(told) < 200:
        told |= await batches.next()
    assert len(told) == 200


async def test_a_folder_that_goes_and_comes_back_is_told_whole(batches: Batches, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.rename(tmp_path / "away")
    assert await batches.next() == {"one.py", "inner/two.py"}
    (tmp_path / "away").rename(root)
    assert await batches.next() == {"one.py", "inner/two.py"}
    (root / "one.py").write_text("after")
    assert await batches.next() == {"one.py"}
