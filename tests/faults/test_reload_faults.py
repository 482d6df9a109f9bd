"""Faults 76 to 80: a plugin is edited under a host that runs, with bytecode on as users have it."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from localagent import Host, HostOptions, PluginManager
from localagent.host.budgets import Budgets
from localagent.host.reloading.saves import Saves
from localagent.host.situation import Situation
from plain import MakePlugin
from saving import WAYS, Save, by_rename

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ANSWERING = """
import asyncio
from localagent import Plugin
from . import words

class Answering(Plugin):
    name = "bad"
    version = "1.0"
    heard = []

    async def initialize(self, context):
        context.message_bus.register_direct_handler("bad", self.answer)
        context.message_bus.subscribe("news", self.hear)
        return True

    def hear(self, message):
        message.data and print("heard")

    async def answer(self, message):
        before = words.WORD
        await asyncio.sleep(message.data or 0)
        return [before, words.WORD]
"""


@pytest_asyncio.fixture
async def manager(home: Path, make_plugin: MakePlugin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PluginManager]:
    """A host in which a plugin ``bad`` runs whose answer stands in a module beside it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    make_plugin("bad", ANSWERING, words__py="WORD = 'first'\n")
    options = HostOptions(home=home, budgets=Budgets(drain=0.3))
    manager = PluginManager(Host(Situation.read(options, {"LOCALAGENT_PLUGINS_ENABLED": "bad"})))
    assert await manager.load_plugin("bad")
    yield manager
    await manager.close()


@pytest.fixture(params=WAYS)
def saves(request: pytest.FixtureRequest) -> Save:
    """Saves a file as editors do."""
    chosen: Save = request.param
    return chosen


@pytest.fixture
def save(saves: Save, home: Path) -> Callable[[str], None]:
    """Saves the module that the answer stands in."""
    return partial(saves, home / "plugins" / "bad" / "words.py")


async def ask(manager: PluginManager, seconds: float = 0) -> Any:
    return await manager.host.message_bus.request("test", "bad", seconds)


async def test_fault_76_new_code_is_broken(manager: PluginManager, home: Path, save: Callable[[str], None]) -> None:
    save("WORD = (\n")
    assert not await manager.reload_plugin("bad")
    problem = manager.reloads["bad"].problem
    assert problem is not None
    assert (problem.file, problem.line) == (home / "plugins" / "bad" / "words.py", 1)
    assert await ask(manager) == ["first"] * 2
    save("WORD = 'mended'\n")
    assert await manager.reload_plugin("bad")
    assert manager.reloads["bad"].problem is None
    assert await ask(manager) == ["mended"] * 2


async def test_fault_77_edits_of_the_same_size_within_a_second(
    manager: PluginManager, save: Callable[[str], None]
) -> None:
    for number in range(20):
        save(f"WORD = '{number:05}'\n")
        assert await manager.reload_plugin("bad")
        assert await ask(manager) == [f"{number:05}"] * 2


async def test_fault_78_editor_saves_in_a_burst(tmp_path: Path, saves: Save) -> None:
    """500 saves, each half-written first, are few batches; the last text is there."""
    file, stop = tmp_path / "words.py", asyncio.Event()
    file.write_text("WORD = 0\n")
    batches: list[frozenset[Path]] = []

    async def collect() -> None:
        batches.extend([batch async for batch in Saves([tmp_path]).batches(stop)])

    collecting = asyncio.create_task(collect())
    await asyncio.sleep(0.3)
    for number in range(500):
        half = file.with_name("words.py.new") if saves is by_rename else file
        half.write_text("WORD = (")
        saves(file, f"WORD = {number}\n")
    await asyncio.sleep(1.0)
    stop.set()
    await collecting
    assert 1 <= len(batches) <= 5
    assert set().union(*batches) == {file}
    assert file.read_text() == "WORD = 499\n"


async def test_fault_79_reload_while_a_handler_runs(
    manager: PluginManager, save: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    running = asyncio.create_task(ask(manager, 0.1))
    await asyncio.sleep(0.02)
    save("WORD = 'second'\n")
    assert await manager.reload_plugin("bad")
    assert await running == ["first"] * 2
    assert await ask(manager) == ["second"] * 2
    receipt = await manager.host.message_bus.broadcast("test", "news", {"number": 1})
    assert receipt["delivered"] == 1
    assert capsys.readouterr().out == "heard\n"


@pytest.mark.parametrize("reloads", [50, pytest.param(1000, marks=pytest.mark.soak)])
async def test_fault_80_many_reloads(
    reloads: int, manager: PluginManager, save: Callable[[str], None], record_property: Callable[[str, object], None]
) -> None:
    module = sys.modules[type(manager.loaded_plugins["bad"]).__module__]
    former = weakref.ref(manager.loaded_plugins["bad"])
    old = weakref.ref(module)
    del module
    # The first one imports what reloading takes.
    assert await manager.reload_plugin("bad")
    threads, modules = threading.active_count(), len(sys.modules)
    for number in range(reloads):
        save(f"WORD = {number}\n")
        assert await manager.reload_plugin("bad")
    gc.collect()
    assert (former(), old()) == (None, None)
    assert threading.active_count() <= threads + 1
    assert len(sys.modules) <= modules + 5
    record_property("reloads", reloads)
