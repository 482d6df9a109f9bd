"""Plugins that are edited under a program which lives long, in development mode."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from asking import asked, of_one_life
from localagent import Host, HostOptions, PluginManager
from localagent.host.budgets import Budgets
from localagent.host.situation import Situation
from plain import MakePlugin
from saving import Save, reloads_of

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

Open = Callable[[str], PluginManager]

SAYING = """
import asyncio
from localagent import Plugin
from . import words

class Saying(Plugin):
    name = "{name}"
    version = "1.0"

    async def initialize(self, context):
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()
        context.message_bus.register_direct_handler("{name}", self.answer)
        return True

    async def answer(self, message):
        before = words.WORD
        self.begun.set()
        await self.go.wait()
        if message.data:
            await asyncio.sleep(message.data)
            return [before, words.WORD]
        return before

    async def cleanup(self):
        cleaned_up.append(words.WORD)

cleaned_up = []
"""
BOTH = "hot_reload: true\n  plugins: {auto_reload: true}"


@pytest_asyncio.fixture
async def opened(home: Path, work: Path) -> AsyncIterator[Open]:
    """Opens the plugins of the home in a development mode."""
    managers: list[PluginManager] = []

    def begin(development: str) -> PluginManager:
        (home / "development.yaml").write_text(f"development:\n  {development}\n")
        options = HostOptions(home=home, budgets=Budgets(drain=0.3))
        managers.append(PluginManager(Host(Situation.read(options, {"LOCALAGENT_PLUGINS_ENABLED": "one two"}))))
        return managers[-1]

    yield begin
    for manager in managers:
        await manager.close()


@pytest.fixture
def one(home: Path, make_plugin: MakePlugin) -> Path:
    """A plugin in the home's development folder."""
    return make_plugin("one", SAYING.format(name="one"), into=home / "dev-plugins", words__py="WORD = 'first'\n")


@pytest.fixture
def two(make_plugin: MakePlugin) -> Path:
    """A plugin in the home's folder for plugins."""
    return make_plugin("two", SAYING.format(name="two"), words__py="WORD = 'first'\n")


async def ask(manager: PluginManager, recipient: str = "one") -> Any:
    return await manager.host.message_bus.request("test", recipient, None)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nothing tells of."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - as it says
            await asyncio.sleep(0.01)


async def test_a_save_is_taken_up_when_it_is_asked_for(opened: Open, one: Path, two: Path, save: Save) -> None:
    manager = opened("hot_reload: true")
    manager.follow_saves()
    assert await manager.load_all() == ("one", "two")
    assert await manager.take_up_saves() == ()
    for folder in (one, two):
        save(folder / "words.py", "WORD = 'second'\n")
    assert await ask(manager) == "first"
    assert [outcome.names for outcome in await manager.take_up_saves()] == [("one",), ("two",)]
    assert [await ask(manager), await ask(manager, "two")] == ["second", "second"]
    assert await manager.take_up_saves() == ()


@pytest.mark.parametrize(
    ("development", "taken_up"),
    [
        ("verbose_logging: false", []),
        ("plugins: {auto_reload: true}", [("one",)]),
        ("hot_reload: true", [("one",), ("two",)]),
    ],
)
async def test_development_mode_says_whose_saves_count(
    opened: Open, one: Path, two: Path, development: str, taken_up: list[tuple[str, ...]]
) -> None:
    manager = opened(development)
    await manager.load_all()
    manager.follow_saves()
    for folder in (one, two):
        (folder / "words.py").write_text("WORD = 'second'\n")
    assert [outcome.names for outcome in await manager.take_up_saves()] == taken_up


async def test_without_following_nothing_is_taken_up(opened: Open, one: Path) -> None:
    manager = opened(BOTH)
    await manager.load_plugin("one")
    (one / "words.py").write_text("WORD = 'second'\n")
    assert (await manager.take_up_saves(), manager.followed_files) == ((), ())


async def test_a_save_while_the_plugin_is_loaded_counts(opened: Open, one: Path) -> None:
    """The code that was imported may be the one before it."""
    slow = "import time\nfrom pathlib import Path\nPath(__file__).with_name('begun').touch()\ntime.sleep(0.3)\n"
    (one / "plugin.py").write_text((one / "plugin.py").read_text() + slow)
    manager = opened("hot_reload: true")
    manager.follow_saves()
    loading = asyncio.create_task(asyncio.to_thread(_save_once_begun, one))
    assert await manager.load_plugin("one"), manager.errors
    await loading
    await manager.take_up_saves()
    assert await ask(manager) == "second"


def _save_once_begun(folder: Path) -> None:
    while not (folder / "begun").exists():
        pass
    (folder / "words.py").write_text("WORD = 'second'\n")


async def test_a_save_that_cannot_be_used_is_told_once(
    opened: Open, one: Path, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    manager = opened("hot_reload: true")
    manager.follow_saves()
    await manager.load_plugin("one")
    before = manager.loaded_plugins["one"]
    save(one / "words.py", "WORD = (\n")
    for _ in range(3):
        await manager.take_up_saves()
    told = [record.getMessage() for record in caplog.records if record.name == "localagent.reloading"]
    assert told == [f"{one / 'words.py'}:1:8: read: SyntaxError: '(' was never closed; the code before it goes on"]
    assert (manager.loaded_plugins["one"], await ask(manager)) == (before, "first")
    save(one / "words.py", "WORD = 'mended'\n")
    await manager.take_up_saves()
    assert await ask(manager) == "mended"


async def test_a_file_that_is_only_half_written_is_read_again(
    opened: Open, one: Path, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    """And nobody is told; here the rest comes once the half was read."""
    manager = opened(BOTH)
    manager.follow_saves()
    await manager.load_plugin("one")
    write_the_rest: Callable[[object], None] = lambda _: save(one / "words.py", "WORD = (\n    'whole'\n)\n")  # noqa: E731 - one line says it
    manager.host.message_bus.subscribe("plugin.reload_failed", write_the_rest)
    async with asked(manager, "one", data=0.001, is_whole=of_one_life) as load:
        save(one / "words.py", "WORD = (\n")
        await load.until("one", ["whole"] * 2)
    assert "was never closed" not in caplog.text


async def test_a_plugin_that_is_busy_is_taken_up_later_and_that_is_told_once(
    opened: Open, one: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manager = opened("hot_reload: true")
    manager.follow_saves()
    await manager.load_plugin("one")
    (one / "words.py").write_text("WORD = 'second'\n")
    begun, go = (vars(manager.loaded_plugins["one"])[name] for name in ("begun", "go"))
    go.clear()
    asked = asyncio.create_task(ask(manager))
    await begun.wait()
    for _ in range(2):
        assert [outcome.is_postponed for outcome in await manager.take_up_saves()] == [True]
    assert len(caplog.messages) == 1
    go.set()
    assert await asked == "first"
    assert [outcome.is_done for outcome in await manager.take_up_saves()] == [True]
    assert await ask(manager) == "second"


async def test_a_folder_that_goes_and_comes_back_is_followed(opened: Open, one: Path, tmp_path: Path) -> None:
    manager = opened("hot_reload: true")
    manager.follow_saves()
    await manager.load_plugin("one")
    shutil.move(one, tmp_path / "away")
    assert [outcome.unloaded for outcome in await manager.take_up_saves()] == [("one",)]
    (tmp_path / "away" / "words.py").write_text("WORD = 'back'\n")
    shutil.move(tmp_path / "away", one)
    await manager.take_up_saves()
    assert await ask(manager) == "back"


async def test_who_was_let_go_stays_away_and_who_failed_is_loaded_once_mended(
    opened: Open, one: Path, two: Path
) -> None:
    manager = opened("hot_reload: true")
    manager.follow_saves()
    (one / "words.py").write_text("WORD = 1 / 0\n")
    assert not await manager.load_plugin("one")
    assert await manager.load_plugin("two")
    await manager.unload_plugin("two")
    for folder in (one, two):
        (folder / "words.py").write_text("WORD = 'second'\n")
    await manager.take_up_saves()
    assert list(manager.loaded_plugins) == ["one"]


async def test_development_folders_are_taken_up_without_being_asked(
    opened: Open, one: Path, two: Path, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    """Edit, break and mend; other folders wait until somebody asks."""
    manager = opened(BOTH)
    manager.follow_saves()
    await manager.load_all()
    async with asked(manager, "one", "two", data=0.001, is_whole=of_one_life) as load:
        for folder in (two, one):
            save(folder / "words.py", "WORD = 'second'\n")
        await load.until("one", ["second"] * 2)
        assert load.last["two"] == ["first"] * 2
        save(one / "words.py", "WORD = (\n")
        await until(lambda: "was never closed" in caplog.text)
        await load.go_on("one")
        assert load.last["one"] == ["second"] * 2
        save(one / "words.py", "WORD = 'third'\n")
        await load.until("one", ["third"] * 2)
        await manager.take_up_saves()
        await load.until("two", ["second"] * 2)


def rename(folder: Path, away: Path) -> None:
    folder.rename(away)


def delete(folder: Path, away: Path) -> None:
    shutil.copytree(folder, away)
    shutil.rmtree(folder)


@pytest.mark.parametrize("leave", [rename, delete])
async def test_a_folder_that_goes_away_is_let_go_and_taken_up_once_it_is_back(
    opened: Open, one: Path, two: Path, tmp_path: Path, save: Save, leave: Callable[[Path, Path], None]
) -> None:
    """With cleanup, and without a word to the plugin beside it."""
    manager, away = opened(BOTH), tmp_path / "away"
    manager.follow_saves()
    await manager.load_all()
    cleaned_up = sys.modules[type(manager.loaded_plugins["one"]).__module__].cleaned_up
    load_one = asked(manager, "one", data=0.001, is_whole=of_one_life, may_be_away=True)
    async with asked(manager, "two", data=0.001, is_whole=of_one_life) as beside, load_one as load:
        leave(one, away)
        await until(lambda: cleaned_up == ["first"])
        await beside.go_on("two")
        save(away / "words.py", "WORD = 'back'\n")
        rename(away, one)
        await load.until("one", ["back"] * 2)


@pytest.mark.parametrize("pause", [0.04, 0.0])
async def test_many_saves_are_few_lives_and_the_last_save_counts(
    opened: Open, one: Path, save: Save, pause: float
) -> None:
    """Fifty within two seconds, and two hundred at once."""
    number = 50 if pause else 200
    manager = opened(BOTH)
    manager.follow_saves()
    await manager.load_plugin("one")
    async with asked(manager, "one", data=0.001, is_whole=of_one_life) as load:
        began = time.monotonic()
        for each in range(number):
            save(one / "words.py", f"WORD = {each}\n")
            await asyncio.sleep(pause)
        seconds = time.monotonic() - began
        await load.until("one", [number - 1] * 2)
    await manager.take_up_saves()
    assert manager.reloads["one"].generation - 1 <= reloads_of(seconds)


def git(folder: Path, *words: str) -> None:
    author = ("-c", "user.name=Zoe", "-c", "user.email=zoe@example.org")
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True, capture_output=True)


async def test_a_checkout_of_many_files_is_few_lives_and_the_last_one_is_of_its_files(
    opened: Open, one: Path, save: Save
) -> None:
    """There by a save of each of them, and back by git."""
    names = [f"part_{number}" for number in range(200)]
    words = f"from . import {', '.join(names)}\nWORD = sum(each.NUMBER for each in ({', '.join(names)}))\n"
    for name, text in {**dict.fromkeys(names, "NUMBER = 1\n"), "words": words}.items():
        save(one / f"{name}.py", text)
    for command in (["init", "-q"], ["add", "--", "*.py"], ["commit", "-q", "-m", "Ones"]):
        git(one, *command)
    manager = opened(BOTH)
    manager.follow_saves()
    await manager.load_plugin("one")
    async with asked(manager, "one", data=0.001, is_whole=of_one_life) as load:
        assert load.last["one"] == [200] * 2
        for name in names:
            save(one / f"{name}.py", "NUMBER = 2\n")
        await load.until("one", [400] * 2)
        await manager.take_up_saves()
        between = manager.reloads["one"].generation
        await asyncio.to_thread(git, one, "checkout", "-q", "--", "*.py")
        await load.until("one", [200] * 2)
        await manager.take_up_saves()
    assert between <= 1 + 3
    assert manager.reloads["one"].generation <= between + 3


async def test_the_end_of_the_plugins_ends_the_following(opened: Open, one: Path) -> None:
    manager = opened(BOTH)
    manager.follow_saves()
    await manager.load_plugin("one")
    await manager.close()
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"localagent saves"})
