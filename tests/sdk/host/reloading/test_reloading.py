"""What a reload takes up, and what stays where it cannot be done."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from asking import asked, of_one_life
from localagent import PluginManager, RemoteError, StalePluginError
from plain import MakePlugin
from saving import Save

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

ANSWERING = """
import asyncio
from localagent import CommandPlugin
from . import words

class Answering(CommandPlugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        self.count = 0
        context.message_bus.register_direct_handler("one", self.answer)
        context.message_bus.subscribe("news.*", self.hear, queue=100)
        context.message_bus.subscribe("sounds", self.hear)
        return True

    async def hear(self, message):
        self.count += 1

    async def answer(self, message):
        before = words.WORD
        if message.data is not None:
            await asyncio.sleep(message.data)
        return [before, words.WORD, "A"]

    def register_commands(self, app):
        @app.command("hello")
        def hello():
            print(words.WORD)

    def export_state(self):
        return {"count": self.count}

    def import_state(self, state):
        self.count = state["count"]
"""


@pytest.fixture
def one(make_plugin: MakePlugin) -> Path:
    return make_plugin("one", ANSWERING, words__py="WORD = 'first'\n")


async def ask(manager: PluginManager, recipient: str = "one", data: Any = None) -> Any:
    return await manager.host.message_bus.request("test", recipient, data)


async def test_the_edit_of_a_module_beside_the_plugin_is_taken_up(
    manager: PluginManager, one: Path, save: Save
) -> None:
    assert await manager.load_plugin("one")
    before = manager.loaded_plugins["one"]
    async with asked(manager, "one", data=0.001, is_whole=of_one_life):
        save(one / "words.py", "WORD = 'second'\n")
        assert await manager.reload_plugin("one")
    assert await ask(manager) == ["second", "second", "A"]
    assert manager.loaded_plugins["one"] is not before
    now = type(manager.loaded_plugins["one"])
    assert sys.modules[now.__module__].Answering is now


async def test_a_name_that_was_deleted_is_gone(manager: PluginManager, one: Path, save: Save) -> None:
    save(one / "words.py", "WORD = 'first'\nOTHER = 1\n")
    await manager.load_plugin("one")
    save(one / "words.py", "WORD = 'second'\n")
    assert await manager.reload_plugin("one")
    plugin = sys.modules[type(manager.loaded_plugins["one"]).__module__]
    assert not hasattr(plugin.words, "OTHER")


async def test_edits_of_the_same_size_within_a_tick_of_the_clock_are_never_stale(
    manager: PluginManager, one: Path, save: Save
) -> None:
    await manager.load_plugin("one")
    stale = 0
    for number in range(100):
        save(one / "words.py", f"WORD = '{number:05}'\n")
        assert await manager.reload_plugin("one"), manager.reloads["one"].problem
        stale += await ask(manager) != [f"{number:05}"] * 2 + ["A"]
    assert stale == 0


@pytest.mark.parametrize(
    ("text", "stage", "said", "line"),
    [
        ("WORD = (\n", "read", "SyntaxError", 1),
        ("import not_there_at_all\n", "import", "not_there_at_all", 1),
        ("WORD = 1 / 0\n", "import", "ZeroDivisionError", 1),
        ("raise SystemExit(3)\n", "import", "exit", 1),
        ("\nimport time\ntime.sleep(30)\n", "import", "took longer than 1 s", 3),
    ],
)
async def test_an_edit_that_cannot_be_imported_changes_nothing(
    manager: PluginManager, one: Path, save: Save, text: str, stage: str, said: str, line: int
) -> None:
    await manager.load_plugin("one")
    before, modules = manager.loaded_plugins["one"], sys.modules.copy()
    subscribers = manager.host.message_bus.subscribers
    save(one / "words.py", text)
    assert not await manager.reload_plugin("one")
    problem = manager.reloads["one"].problem
    assert problem is not None
    assert (problem.step, str(problem.file), problem.line) == (stage, str(one / "words.py"), line)
    assert said in problem.message
    assert manager.loaded_plugins["one"] is before
    assert {name: sys.modules[name] for name in modules} == modules
    assert "not_there_at_all" not in sys.modules
    assert manager.host.message_bus.subscribers == subscribers
    assert await ask(manager) == ["first", "first", "A"]
    save(one / "words.py", "WORD = 'third'\n")
    assert await manager.reload_plugin("one")
    assert await ask(manager) == ["third", "third", "A"]


@pytest.mark.parametrize(
    ("instead", "stage"),
    [
        ("return False", "initialise"),
        ("raise OSError('no device')", "initialise"),
        ("context.message_bus.subscribe('', print); return True", "initialise"),
        ("return await asyncio.sleep(0.01, True) if self.no_such else True", "initialise"),
    ],
)
async def test_a_new_life_that_cannot_get_ready_is_cleaned_up_and_dropped(
    manager: PluginManager, one: Path, save: Save, tmp_path: Path, instead: str, stage: str
) -> None:
    await manager.load_plugin("one")
    before = manager.loaded_plugins["one"]
    marks = tmp_path / "marks"
    marks.write_text("")
    cleanup = f"""
    async def cleanup(self):
        import pathlib
        file = pathlib.Path({str(marks)!r})
        file.write_text(file.read_text() + "cleanup ")
"""
    save(one / "plugin.py", ANSWERING.replace("return True\n", f"{instead}\n", 1) + cleanup)
    assert not await manager.reload_plugin("one")
    problem = manager.reloads["one"].problem
    assert problem is not None
    assert problem.step == stage
    assert marks.read_text() == "cleanup "
    assert manager.loaded_plugins["one"] is before
    assert await ask(manager) == ["first", "first", "A"]
    assert sorted(manager.host.message_bus.subscribers) == ["news.*", "sounds"]


async def test_state_is_handed_over_and_a_failure_to_take_it_keeps_the_old_life(
    manager: PluginManager, one: Path, save: Save
) -> None:
    await manager.load_plugin("one")
    await manager.host.message_bus.broadcast("test", "sounds", 1)
    save(one / "words.py", "WORD = 'second'\n")
    assert await manager.reload_plugin("one")
    assert vars(manager.loaded_plugins["one"])["count"] == 1
    assert manager.reloads["one"].state_kept == ("one",)
    save(one / "plugin.py", ANSWERING.replace('state["count"]', 'state["other"]'))
    assert not await manager.reload_plugin("one")
    problem = manager.reloads["one"].problem
    assert problem is not None
    assert (problem.step, vars(manager.loaded_plugins["one"])["count"]) == ("state", 1)


async def test_a_life_that_cannot_give_its_state_can_be_mended(manager: PluginManager, one: Path, save: Save) -> None:
    save(one / "plugin.py", ANSWERING.replace('{"count": self.count}', "{1, 2}"))
    await manager.load_plugin("one")
    save(one / "plugin.py", ANSWERING)
    assert await manager.reload_plugin("one")
    assert manager.reloads["one"].state_kept == ()
    assert "no JSON values" in manager.reloads["one"].warnings[0]


async def test_commands_are_those_of_the_new_code(manager: PluginManager, one: Path, save: Save) -> None:
    await manager.load_plugin("one")
    save(one / "plugin.py", ANSWERING.replace('"hello"', '"goodbye"'))
    assert await manager.reload_plugin("one")
    owned = manager.find_command("goodbye")
    assert owned is not None
    assert owned.owner == "one"


async def test_a_call_under_way_ends_on_the_code_it_began_with(manager: PluginManager, one: Path, save: Save) -> None:
    await manager.load_plugin("one")
    asking = asyncio.create_task(ask(manager, data=0.1))
    await asyncio.sleep(0.01)
    save(one / "words.py", "WORD = 'second'\n")
    assert await manager.reload_plugin("one")
    assert await asking == ["first", "first", "A"]
    assert await ask(manager) == ["second", "second", "A"]


async def test_a_call_that_does_not_end_postpones_the_reload(manager: PluginManager, one: Path, save: Save) -> None:
    await manager.load_plugin("one")
    asking = asyncio.create_task(ask(manager, data=1))
    await asyncio.sleep(0.01)
    save(one / "words.py", "WORD = 'second'\n")
    assert not await manager.reload_plugin("one")
    assert manager.reloads["one"].is_postponed
    assert await asking == ["first", "first", "A"]
    assert await manager.reload_plugin("one")
    assert await ask(manager) == ["second", "second", "A"]


async def test_a_plugin_cannot_wait_for_its_own_reload(manager: PluginManager, make_plugin: MakePlugin) -> None:
    make_plugin("one", ANSWERING.replace("        before = words.WORD\n", "        return await self.reload()\n"))
    (manager.host.home.plugins / "one" / "words.py").write_text("")
    await manager.load_plugin("one")
    vars(manager.loaded_plugins["one"])["reload"] = lambda: manager.reload_plugin("one")
    assert await ask(manager) is False
    problem = manager.reloads["one"].problem
    assert problem is not None
    assert "itself asked for it" in problem.message


async def test_messages_meanwhile_are_told_to_the_new_life_in_order(
    manager: PluginManager, one: Path, save: Save
) -> None:
    await manager.load_plugin("one")
    slow = ANSWERING.replace("self.count = 0\n", "self.count = 0; self.heard = []; await asyncio.sleep(0.05)\n")
    slow = slow.replace("self.count += 1", "self.heard.append(message.data)")
    save(one / "plugin.py", slow)
    reloading = asyncio.create_task(manager.reload_plugin("one"))
    bus = manager.host.message_bus
    for number in range(20):
        bus.publish_nowait("test", "news.first" if number % 2 else "sounds", number)
        await asyncio.sleep(0.002)
    assert await reloading
    await bus.broadcast("test", "sounds", 20)
    await bus.drain(1)
    heard = vars(manager.loaded_plugins["one"])["heard"]
    told_old = vars(manager.loaded_plugins["one"])["count"]
    for own in (range(0, 21, 2), range(1, 20, 2)):
        assert [each for each in heard if each in own] == [each for each in own if each in heard]
    assert len(heard) + told_old == 21


KEEPING = """
from localagent import Plugin

class Keeping(Plugin):
    name = "two"
    version = "1.0"

    async def initialize(self, context):
        self.bus = context.message_bus
        self.bus.register_direct_handler("two", self.answer)
        return True

    async def answer(self, message):
        return self.kept.count if message.data == "kept" else await self.bus.request("two", "one", message.data)
"""


async def test_an_object_of_the_former_life_says_so(
    manager: PluginManager, one: Path, make_plugin: MakePlugin, save: Save
) -> None:
    """To the plugin that kept it, whose messages reach the life of now all the while."""
    make_plugin("two", KEEPING)
    for name in ("one", "two"):
        await manager.load_plugin(name)
    kept: Any = manager.loaded_plugins["one"]
    vars(manager.loaded_plugins["two"])["kept"] = kept
    context = kept.context
    async with asked(manager, "one", "two", data=0.001, is_whole=of_one_life) as load:
        save(one / "words.py", "WORD = 'second'\n")
        assert await manager.reload_plugin("one")
        await load.until("two", ["second", "second", "A"])
        with pytest.raises(RemoteError, match="life 1 of the plugin 'one'"):
            await ask(manager, "two", "kept")
    with pytest.raises(StalePluginError, match="life 1 of the plugin 'one'"):
        kept.count  # noqa: B018 - looking is what is refused
    with pytest.raises(StalePluginError):
        context.message_bus.subscribe("news.late", print)
    assert sorted(manager.host.message_bus.subscribers) == ["news.*", "sounds"]


async def test_the_bus_tells_of_reloads(manager: PluginManager, one: Path, save: Save) -> None:
    await manager.load_plugin("one")
    told: list[Any] = []
    manager.host.message_bus.subscribe("plugin.*", lambda message: told.append((message.topic, message.data)))
    save(one / "words.py", "WORD = (\n")
    await manager.reload_plugin("one")
    save(one / "words.py", "WORD = 'third'\n")
    await manager.reload_plugin("one")
    await asyncio.sleep(0)
    assert [topic for topic, _ in told] == ["plugin.reload_failed", "plugin.reloaded"]
    assert told[0][1]["problem"]["stage"] == "read"
    assert told[1][1]["generation"] == 2


async def test_a_plugin_whose_folder_is_gone_is_unloaded_and_comes_back(
    manager: PluginManager, one: Path, tmp_path: Path, save: Save
) -> None:
    await manager.load_plugin("one")
    one.rename(tmp_path / "away")
    outcome = await manager.reload(["one"])
    assert outcome.unloaded == ("one",)
    assert manager.loaded_plugins == {}
    assert manager.host.message_bus.subscribers == {}
    save(tmp_path / "away" / "words.py", "WORD = 'third'\n")
    (tmp_path / "away").rename(one)
    assert await manager.reload_plugin("one")
    assert await ask(manager) == ["third", "third", "A"]


async def test_a_plugin_that_was_let_go_and_edited_is_read_from_its_files_again(
    manager: PluginManager, one: Path, save: Save
) -> None:
    await manager.load_plugin("one")
    assert await manager.unload_plugin("one")
    save(one / "words.py", "WORD = 'third'\n")
    assert await manager.load_plugin("one")
    assert await ask(manager) == ["third", "third", "A"]


async def test_a_schema_that_the_settings_break_is_refused_with_its_place(
    manager: PluginManager, one: Path, save: Save, home: Path
) -> None:
    schema = {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}
    save(one / "config_schema.json", json.dumps(schema))
    (home / "one.yaml").write_text("size: 7\n")
    await manager.load_plugin("one")
    async with asked(manager, "one", data=0.001, is_whole=of_one_life):
        schema["properties"]["size"]["maximum"] = 5  # type: ignore[index] # the value is a mapping, as written above
        save(one / "config_schema.json", json.dumps(schema))
        assert not await manager.reload_plugin("one")
        problem = manager.reloads["one"].problem
        assert problem is not None
        assert (problem.step, str(problem.file), problem.line) == ("settings", str(home / "one.yaml"), 1)
        assert "size" in problem.message
        assert "maximum" not in str(manager.host.settings.schema_of("one"))
        assert manager.loaded_plugins["one"].config == {"size": 7}
        save(one / "config_schema.json", "{")
        assert not await manager.reload_plugin("one")
        problem = manager.reloads["one"].problem
        assert problem is not None
        assert problem.step == "read"
        save(home / "one.yaml", "size: 4\n")
        schema["properties"]["size"]["maximum"] = 6  # type: ignore[index] # as above
        save(one / "config_schema.json", json.dumps(schema))
        assert await manager.reload_plugin("one")
        assert manager.loaded_plugins["one"].config == {"size": 4}
        assert manager.host.settings.schema_of("one")["properties"]["size"]["maximum"] == 6
