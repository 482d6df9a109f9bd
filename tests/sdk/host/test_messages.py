"""Messages between plugins of a host: guarded, owned, limited, counted across runs."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from localagent import (
    BusClosed,
    Host,
    HostOptions,
    InvalidTopic,
    NoResponder,
    PluginManager,
    PluginReloaded,
    RemoteError,
    UnsendableData,
)
from localagent.host.situation import Situation
from localagent.host.traffic import keep_traffic, read_traffic
from localagent.services.bus.counts import MessageCounts
from localagent.services.home import Home
from plain import MakePlugin, Run

pytestmark = pytest.mark.asyncio

TALKER = """
import asyncio
from localagent import Plugin

class Talker(Plugin):
    name = "{name}"
    version = "1.0"

    async def initialize(self, context):
        self.bus = context.message_bus
        self.bus.register_direct_handler(self.name, self.answer)
        self.bus.subscribe("news.*", self.hear, queue=8)
        self.heard = []
        {initialise}
        return True

    async def hear(self, message):
        self.heard.append(message.data)

    async def answer(self, message):
        if message.data == "fail":
            raise OSError("disk gone")
        if message.data == "exit":
            raise SystemExit(3)
        if message.data == "dawdle":
            await asyncio.sleep(60)
        return "answer of " + self.name
"""


def write(make_plugin: MakePlugin, name: str, *, initialise: str = "pass") -> None:
    make_plugin(name, TALKER.format(name=name, initialise=initialise))


def open_manager(home: Path, **environ: str) -> PluginManager:
    home.mkdir(exist_ok=True)
    enabled = {"LOCALAGENT_PLUGINS_ENABLED": "one,two"}
    return PluginManager(Host(Situation.read(HostOptions(home=home), enabled | environ)))


@pytest_asyncio.fixture
async def manager(home: Path, work: Path, make_plugin: MakePlugin) -> AsyncIterator[PluginManager]:
    for name in ("one", "two"):
        write(make_plugin, name)
    manager = open_manager(home)
    yield manager
    await manager.close()


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def bus_of(manager: PluginManager, name: str) -> Any:
    return vars((await manager.require(name)).plugin)["bus"]


async def test_plugins_cannot_publish_what_is_the_hosts(manager: PluginManager) -> None:
    bus = await bus_of(manager, "one")
    with pytest.raises(InvalidTopic, match="'one' cannot publish 'workflow_started'"):
        await bus.broadcast("one", "workflow_started", {})
    with pytest.raises(InvalidTopic):
        bus.publish_nowait("one", "plugin.loaded", {})
    assert (await manager.host.message_bus.broadcast("host", "workflow_started", {}))["matched"] == 0


@pytest.mark.parametrize(("data", "error_type"), [("fail", "OSError"), ("exit", "SystemExit")])
async def test_a_failing_responder_is_told_with_its_type_and_line(
    manager: PluginManager, data: str, error_type: str
) -> None:
    bus = await bus_of(manager, "one")
    with pytest.raises(RemoteError) as caught:
        await bus.request("one", "two", data)
    assert caught.value.error_type == error_type
    assert "plugin.py" in caught.value.traceback


async def test_who_asks_a_plugin_that_goes_hears_at_once(manager: PluginManager) -> None:
    bus = await bus_of(manager, "one")
    asking = asyncio.create_task(bus.request("one", "two", "dawdle", 60))
    await until(lambda: bool(manager.host.message_bus.pending_requests))
    await manager.unload_plugin("two")
    with pytest.raises(PluginReloaded):
        await asyncio.wait_for(asking, 10)
    assert await bus.request("one", "two", None) == "answer of two"


async def test_nothing_of_an_unloaded_plugin_is_kept_by_the_bus(manager: PluginManager) -> None:
    await manager.load_all()
    bus = manager.host.message_bus
    await bus.broadcast("test", "news.first", 1)
    await bus.request("test", "two", None)
    plugin = weakref.ref(manager.loaded_plugins["two"])
    await manager.unload_plugin("two")
    await asyncio.sleep(0)
    gc.collect()
    assert plugin() is None
    assert [len(handlers) for handlers in bus.subscribers.values()] == [1]
    assert set(bus.direct_handlers) == {"one"}


async def test_a_request_to_a_plugin_that_initialises_waits_until_it_is_ready(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    write(make_plugin, "one")
    write(make_plugin, "two", initialise="await asyncio.sleep(0.2); self.name_ready = True")
    manager = open_manager(home)
    bus = manager.host.message_bus
    loading = asyncio.create_task(manager.load_plugin("two"))
    await until(lambda: "two" in bus.direct_handlers)
    assert await bus.request("test", "two", None) == "answer of two"
    assert "two" in manager.loaded_plugins
    await loading
    await manager.close()


async def test_a_request_to_a_plugin_that_failed_is_refused_at_once(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    write(make_plugin, "one", initialise="raise OSError('disk')")
    manager = open_manager(home)
    await manager.load_plugin("one")
    with pytest.raises(NoResponder):
        await manager.host.message_bus.request("test", "one", None)
    await manager.close()


async def test_development_mode_refuses_what_is_no_json(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    write(make_plugin, "one")
    manager = open_manager(home, LOCALAGENT_DEV_MODE="1")
    with pytest.raises(UnsendableData):
        await manager.host.message_bus.broadcast("test", "news.first", object())
    await manager.close()


async def test_mail_is_delivered_before_plugins_go_and_nothing_after(manager: PluginManager) -> None:
    await manager.load_all()
    plugin = manager.loaded_plugins["one"]
    bus = manager.host.message_bus
    for number in range(5):
        bus.publish_nowait("test", "news.first", number)
    await manager.close()
    assert vars(plugin)["heard"] == [0, 1, 2, 3, 4]
    with pytest.raises(BusClosed):
        await bus.broadcast("test", "news.first", 5)


async def test_what_a_run_counted_is_shown_by_the_next_one(manager: PluginManager, home: Path, localagent: Run) -> None:
    bus = await bus_of(manager, "one")
    for _ in range(2):
        await bus.request("one", "two", None)
    with pytest.raises(RemoteError):
        await bus.request("one", "two", "fail")
    await manager.close()
    env = {"LOCALAGENT_PLUGINS_ENABLED": "one,two"}
    shown = await asyncio.to_thread(localagent, "plugins", "info", "two", env=env)
    assert "messages   last run: 2 delivered, 1 failed" in shown.out
    as_json = await asyncio.to_thread(localagent, "plugins", "info", "one", "--json", env=env)
    assert json.loads(as_json.out)["messages"]["last"]["published"] == 3
    doctor = (await asyncio.to_thread(localagent, "doctor", env=env)).out
    assert "note   [LA711] messages of two: last run: 2 delivered, 1 failed" in doctor
    assert "ok     messages of one: last run: 3 published" in doctor


async def test_a_run_without_messages_leaves_no_trace(manager: PluginManager, home: Path) -> None:
    await manager.load_all()
    await manager.close()
    assert not (home / "cache" / "messages.json").exists()


async def test_counts_of_runs_are_added_up(home: Path) -> None:
    place = Home(home)
    keep_traffic(
        place, {"one": MessageCounts(published=1, slowest=2.0, slowest_topic="a"), "": MessageCounts(failed=1)}
    )
    keep_traffic(place, {"one": MessageCounts(published=2, pending=3, slowest=1.0, slowest_topic="b")})
    kept = read_traffic(place)
    assert kept["one"].last == MessageCounts(published=2, pending=3, slowest=1.0, slowest_topic="b")
    assert kept["one"].total == MessageCounts(published=3, slowest=2.0, slowest_topic="a")
    assert set(kept) == {"one"}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"form": 1, "plugins": []}', '{"form": 1, "plugins": {"one": {"last": {"published": "x"}}}}'],
)
async def test_counts_that_cannot_be_read_are_begun_anew(home: Path, text: str) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "messages.json").write_text(text)
    assert read_traffic(Home(home)) == {}
    keep_traffic(Home(home), {"one": MessageCounts(published=1)})
    assert read_traffic(Home(home))["one"].total.published == 1
