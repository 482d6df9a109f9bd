"""Lives of plugins that others need, that are asked without pause, and that own what only one can have."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from asking import asked
from localagent import PluginManager
from plain import MakePlugin
from saving import Save

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]

RELOADS = [pytest.param(100, 100, id="100"), pytest.param(1000, 3000, id="1000", marks=pytest.mark.soak)]
"""How often a plugin is reloaded until memory is looked at, and until it is looked at again."""

LAYER = """
from localagent import Plugin

class Layer(Plugin):
    name = "{name}"
    version = "1.0"
    dependencies = {needs}
    GENERATION = "{generation}"

    async def initialize(self, context):
        self.bus = context.message_bus
        self.bus.register_direct_handler("{name}", self.answer)
        self.below = [await self.bus.request("{name}", other, None) for other in self.dependencies]
        {then}
        return True

    async def answer(self, message):
        now = [await self.bus.request("{name}", other, None) for other in self.dependencies]
        assert now == self.below, "of two lives"
        return [self.GENERATION, *self.below]
"""


def layer(name: str, *needs: str, generation: str = "1", then: str = "pass") -> str:
    return LAYER.format(name=name, needs=needs, generation=generation, then=then)


@pytest.fixture
def layers(make_plugin: MakePlugin) -> Path:
    """A plugin that needs another one, which needs a third one."""
    make_plugin("top", layer("top", "middle"))
    make_plugin("middle", layer("middle", "base"))
    return make_plugin("base", layer("base"))


async def ask(manager: PluginManager, recipient: str, data: Any = None) -> Any:
    return await manager.host.message_bus.request("test", recipient, data)


async def test_those_that_need_a_plugin_are_made_anew_on_its_new_life(
    manager: PluginManager, layers: Path, save: Save
) -> None:
    await manager.load_plugin("top")
    async with asked(manager, "base", "middle", "top"):
        save(layers / "plugin.py", layer("base", generation="2"))
        assert await manager.reload_plugin("base"), manager.reloads["base"].problem
    assert manager.reloads["top"].names == ("base", "middle", "top")
    assert await ask(manager, "top") == ["1", ["1", ["2"]]]
    assert list(manager.loaded_plugins) == ["base", "middle", "top"]


async def test_a_dependent_that_fails_on_the_new_life_keeps_the_whole_group_as_it_was(
    manager: PluginManager, layers: Path, save: Save
) -> None:
    save(layers.parent / "top" / "plugin.py", layer("top", "middle", then="assert self.below == [['1', ['1']]]"))
    await manager.load_plugin("top")
    before = manager.loaded_plugins
    async with asked(manager, "base", "middle", "top"):
        save(layers / "plugin.py", layer("base", generation="2"))
        assert not await manager.reload_plugin("base")
    problem = manager.reloads["base"].problem
    assert problem is not None
    assert (problem.plugin, problem.step) == ("top", "initialise")
    assert manager.loaded_plugins == before
    assert await ask(manager, "top") == ["1", ["1", ["1"]]]


async def test_a_circle_is_refused(manager: PluginManager, layers: Path, save: Save) -> None:
    await manager.load_plugin("top")
    before = manager.loaded_plugins
    async with asked(manager, "base", "middle", "top"):
        save(layers / "plugin.py", layer("base", "top"))
        assert not await manager.reload_plugin("base")
    problem = manager.reloads["base"].problem
    assert problem is not None
    assert "circle: base -> top -> middle -> base" in problem.message
    assert manager.loaded_plugins == before


async def test_a_version_that_a_dependent_cannot_use_is_refused(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    base = make_plugin("base", layer("base"))
    make_plugin("top", layer("top", "base").replace("dependencies = ('base',)", "dependencies = ('base<2',)"))
    text = (base.parent / "top" / "plugin.py").read_text().replace("in self.dependencies]", "in ('base',)]")
    save(base.parent / "top" / "plugin.py", text)
    assert await manager.load_plugin("top"), manager.errors
    async with asked(manager, "base", "top"):
        save(base / "plugin.py", layer("base").replace('version = "1.0"', 'version = "2.0"'))
        assert not await manager.reload_plugin("base")
    problem = manager.reloads["base"].problem
    assert problem is not None
    assert "needs base <2, found 2.0" in problem.message


async def test_a_plugin_that_is_needed_from_now_on_is_loaded_too(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    top = make_plugin("top", layer("top"))
    await manager.load_plugin("top")
    make_plugin("base", layer("base"))
    save(top / "plugin.py", layer("top", "base"))
    assert await manager.reload_plugin("top"), manager.reloads["top"].problem
    assert await ask(manager, "top") == ["1", ["1"]]


PAIR = """
import asyncio
from localagent import Plugin
from . import left, right

class Pair(Plugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        context.message_bus.register_direct_handler("one", self.answer)
        context.message_bus.subscribe("work", self.work)
        context.message_bus.subscribe("mail", self.work, queue=10)
        context.spawn(self.beat())
        self.heard = 0
        await asyncio.sleep(0)
        return True

    async def beat(self):
        while True:
            await asyncio.sleep(0.01)

    async def work(self, message):
        await asyncio.sleep(0)
        self.heard += 1

    async def answer(self, message):
        before = left.NUMBER
        await asyncio.sleep(0.001)
        return [before, right.NUMBER]

    def export_state(self):
        return self.heard

    def import_state(self, heard):
        self.heard = heard
"""


async def churn(manager: PluginManager, folder: Path, save: Save, times: range) -> None:
    for number in times:
        save(folder / "left.py", f"NUMBER = {number}\n")
        save(folder / "right.py", f"NUMBER = {number}\n")
        assert await manager.reload_plugin("one"), manager.reloads["one"].problem
        assert manager.reloads["one"].warnings == ()


async def census(manager: PluginManager) -> dict[str, int]:
    # What was cancelled needs a turn to end.
    await asyncio.sleep(0.05)
    return {
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "handles": len(list(Path("/proc/self/fd").iterdir())),
        "subscriptions": sum(map(len, manager.host.message_bus.subscribers.values())),
    }


def more_than(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What there is more of; threads and handles that an earlier test of this process left may go meanwhile."""
    return {name: count for name, count in after.items() if count > before[name]}


async def test_no_call_fails_or_sees_two_lives_while_a_plugin_is_reloaded_again_and_again(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    number = 50
    folder = make_plugin("one", PAIR, left__py="NUMBER = 0\n", right__py="NUMBER = 0\n")
    await manager.load_plugin("one")
    mixed, answers, sent, is_over = 0, 0, 0, False
    receipts: list[dict[str, int]] = []

    async def asking() -> None:
        nonlocal mixed, answers
        while not is_over:
            left, right = await ask(manager, "one")
            answers += 1
            mixed += left != right

    async def telling() -> None:
        nonlocal sent
        while not is_over:
            receipts.append(await manager.host.message_bus.broadcast("test", "work", None))
            manager.host.message_bus.publish_nowait("test", "mail", None)
            sent += 2
            await asyncio.sleep(0.001)

    await churn(manager, folder, save, range(1, 4))
    before = await census(manager)
    load = [asyncio.create_task(work()) for work in (asking, asking, asking, telling)]
    await churn(manager, folder, save, range(4, number))
    is_over = True
    await asyncio.gather(*load)
    await manager.host.message_bus.drain(5)
    assert more_than(before, await census(manager)) == {}
    assert answers > number
    assert mixed == 0
    assert all(receipt["delivered"] == 1 for receipt in receipts)
    assert vars(manager.loaded_plugins["one"])["heard"] == sent


@pytest.mark.parametrize(("number", "last"), RELOADS)
async def test_many_reloads_leave_nothing_behind(
    number: int,
    last: int,
    manager: PluginManager,
    make_plugin: MakePlugin,
    record_property: Callable[[str, object], None],
    save: Save,
) -> None:
    folder = make_plugin("one", PAIR, left__py="NUMBER = 0\n", right__py="DATA = b'x' * 2_000_000\nNUMBER = 0\n")
    await manager.load_plugin("one")
    await churn(manager, folder, save, range(1, 10))
    gc.collect()
    before, memory = await census(manager), [psutil.Process().memory_info().rss]
    for times in (range(10, number), range(number, last)):
        await churn(manager, folder, save, times)
        gc.collect()
        assert more_than(before, await census(manager)) == {}
        memory.append(psutil.Process().memory_info().rss)
    first, second = memory[1] - memory[0], memory[2] - memory[1]
    record_property("reloads", last)
    record_property(f"most MB more after {number}", round(first / 1e6, 1))
    record_property(f"most MB more from there to {last}", round(second / 1e6, 1))
    assert first < 50_000_000
    assert second < 5_000_000


LISTENING = """
import socket
from localagent import Plugin

class Listening(Plugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        self.port = socket.create_server(("127.0.0.1", {port}))
        context.message_bus.register_direct_handler("one", lambda message: "{word}")
        {then}
        return True

    async def cleanup(self):
        self.port.close()
"""
MANIFEST = """
name: one
version: "1.0"
description: Owns a port
plugin_types: [command]
reload: break-before-make
entry_points:
  commands:
    - name: one
      class: "plugin:Listening"
"""


async def test_a_plugin_that_owns_a_port_lets_go_of_it_first_and_gets_it_back_on_failure(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = LISTENING.format(port=port, word="first", then="pass")
    folder = make_plugin("one", text)
    (folder / "plugin-manifest.yaml").write_text(MANIFEST)
    assert await manager.load_plugin("one"), manager.errors
    before = manager.loaded_plugins["one"]
    async with asked(manager, "one"):
        save(folder / "plugin.py", LISTENING.format(port=port, word="second", then="raise OSError('no')"))
        assert not await manager.reload_plugin("one")
        assert manager.reloads["one"].gap > 0
        assert manager.loaded_plugins["one"] is before
        assert await ask(manager, "one") == "first"
        save(folder / "plugin.py", LISTENING.format(port=port, word="third", then="pass"))
        assert await manager.reload_plugin("one"), manager.reloads["one"].problem
        assert await ask(manager, "one") == "third"
    assert json.loads(json.dumps(manager.reloads["one"].to_dict()))["gap_ms"] > 0


LEAKING = """
import threading, time
from localagent import Plugin

class Leaking(Plugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        threading.Thread(target=self.dawdle, name="dawdler", daemon=True).start()
        return True

    def dawdle(self):
        time.sleep(1)
"""


async def test_what_a_former_life_leaves_behind_is_named(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    folder = make_plugin("one", LEAKING)
    await manager.load_plugin("one")
    save(folder / "plugin.py", LEAKING + "\n")
    assert await manager.reload_plugin("one")
    warnings = "\n".join(manager.reloads["one"].warnings)
    assert "the thread 'dawdler' still runs code of the former life at" in warnings
    for thread in threading.enumerate():
        if thread.name == "dawdler":
            thread.join()


STREAMING = """
import asyncio
from localagent import BaseProvider, ProviderPlugin, CompletionResponse

class Words(BaseProvider):
    async def complete(self, request):
        return CompletionResponse("{word}")

    async def stream_complete(self, request):
        for _ in range(5):
            yield "{word} "
            await asyncio.sleep(0.05)

class WordsPlugin(ProviderPlugin):
    name = "one"
    version = "1.0"

    def get_provider_class(self):
        return Words
"""


async def test_a_stream_ends_on_the_life_it_began_with_and_others_have_the_new_one(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    from localagent.plugins.provider import CompletionRequest

    folder = make_plugin("one", STREAMING.format(word="first"))
    assert await manager.load_plugin("one"), manager.errors
    providers = manager.host.provider_manager
    stream = providers.stream(CompletionRequest("?"), provider="one")
    pieces = [await anext(stream)]
    save(folder / "plugin.py", STREAMING.format(word="second"))
    assert await manager.reload_plugin("one"), manager.reloads["one"].problem
    assert (await providers.complete(CompletionRequest("?"), provider="one")).text == "second"
    save(folder / "plugin.py", STREAMING.format(word="third!"))
    third = asyncio.create_task(manager.reload_plugin("one"))
    pieces += [piece async for piece in stream]
    assert "".join(pieces) == "first " * 5
    await third
    assert await manager.reload_plugin("one"), manager.reloads["one"].problem
    assert (await providers.complete(CompletionRequest("?"), provider="one")).text == "third!"


SLOW = """
import asyncio
from pathlib import Path
from localagent import Plugin
from . import words

class Slow(Plugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        self.note("begins")
        await asyncio.sleep(0.2)
        self.note("is ready")
        context.message_bus.register_direct_handler("one", lambda message: words.WORD)
        return True

    def note(self, text):
        with Path(__file__).with_name("book").open("a") as book:
            book.write(f"{text}\\n")
"""


async def test_an_edit_during_a_reload_is_taken_up_by_the_next_one_and_they_do_not_overlap(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    folder = make_plugin("one", SLOW, words__py="WORD = 'first'\n")
    assert await manager.load_plugin("one"), manager.errors
    book = folder / "book"
    async with asked(manager, "one"):
        save(folder / "words.py", "WORD = 'second'\n")
        under_way = asyncio.create_task(manager.reload(["one"]))
        while book.read_text().count("begins") < 2:  # noqa: ASYNC110 - the plugin tells nobody
            await asyncio.sleep(0.01)
        save(folder / "words.py", "WORD = 'third'\n")
        following = await manager.reload(["one"])
    assert ((await under_way).generation, following.generation) == (2, 3)
    assert book.read_text() == "begins\nis ready\n" * 3
    assert await ask(manager, "one") == "third"


BROKEN = {
    "is no Python": "NUMBER = (\n",
    "raises": "NUMBER = 1 / 0\n",
    "hangs": "import time\ntime.sleep(30)\n",
}


async def test_no_call_fails_while_one_broken_edit_after_the_other_is_refused(
    manager: PluginManager, make_plugin: MakePlugin, save: Save
) -> None:
    folder = make_plugin("one", PAIR, left__py="NUMBER = 0\n", right__py="NUMBER = 0\n")
    await manager.load_plugin("one")
    before, answers, is_over = manager.loaded_plugins["one"], 0, False

    async def asking() -> None:
        nonlocal answers
        while not is_over:
            assert await ask(manager, "one") == [0, 0]
            answers += 1

    load = [asyncio.create_task(asking()) for _ in range(3)]
    for text in BROKEN.values():
        so_far = answers
        save(folder / "left.py", text)
        assert not await manager.reload_plugin("one")
        assert manager.loaded_plugins["one"] is before
        while answers <= so_far:  # noqa: ASYNC110 - only the answers tell
            await asyncio.sleep(0.01)
    is_over = True
    await asyncio.gather(*load)
