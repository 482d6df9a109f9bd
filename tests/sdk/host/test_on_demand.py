"""Messages load the enabled plugins that they are meant for, and no others."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from localagent import Host, HostOptions, NoResponder, PluginManager, RequestTimeout
from localagent.host.situation import Situation
from plain import MakePlugin

pytestmark = pytest.mark.asyncio

LISTENER = """
import asyncio
from pathlib import Path
from localagent import Plugin

def note(word):
    with Path({heard!r}).open("a") as file:
        file.write("{name} " + word + "; ")

note("is imported")

class ThePlugin(Plugin):
    name = "{name}"
    version = "1.0"

    async def initialize(self, context):
        {initialise}
        context.message_bus.subscribe("news", self.on_news)
        context.message_bus.register_direct_handler("{name}", lambda message: "answer of {name}")
        context.logger.warning("ready")
        return True

    def on_news(self, message):
        note("heard " + message.data)
"""

MANIFEST = """
name: {name}
version: "1.0"
description: Listens
plugin_types: [ui]
entry_points:
  ui:
    - {{name: {name}, class: "plugin:ThePlugin", activation: [news]}}
"""


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    return tmp_path / "heard"


@pytest.fixture
def managers(home: Path, work: Path) -> Iterator[PluginManager]:
    """Managers over one home in which 'listener' is enabled, one after the other, as processes would be."""

    def make() -> Iterator[PluginManager]:
        home.mkdir(exist_ok=True)
        environ = {"LOCALAGENT_PLUGINS_ENABLED": "listener"}
        while True:
            yield PluginManager(Host(Situation.read(HostOptions(home=home), environ)))

    return make()


def write(make_plugin: MakePlugin, heard: Path, name: str, *, initialise: str = "pass", manifest: bool = False) -> None:
    folder = make_plugin(name, LISTENER.format(name=name, heard=str(heard), initialise=initialise))
    if manifest:
        (folder / "plugin-manifest.yaml").write_text(textwrap.dedent(MANIFEST.format(name=name)))


async def test_a_declared_topic_loads_a_plugin_before_its_first_broadcast(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path
) -> None:
    write(make_plugin, heard, "listener", manifest=True)
    write(make_plugin, heard, "sleeper", manifest=True)
    manager = next(managers)
    bus = manager.host.message_bus
    assert await bus.broadcast("test", "weather", "rain") == {"matched": 0, "delivered": 0, "failed": 0, "timed_out": 0}
    assert manager.loaded_plugins == {}
    assert await bus.broadcast("test", "news", "one") == {"matched": 1, "delivered": 1, "failed": 0, "timed_out": 0}
    await bus.broadcast("test", "news", "two")
    await manager.close()
    # Once in the preflight, once here; the disabled one never.
    assert heard.read_text() == "listener is imported; " * 2 + "listener heard one; listener heard two; "


async def test_a_topic_that_a_plugin_was_seen_with_loads_it_next_time(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path
) -> None:
    write(make_plugin, heard, "listener")
    first = next(managers)
    await first.host.message_bus.broadcast("test", "news", "unheard")
    assert await first.load_plugin("listener")
    await first.close()
    second = next(managers)
    assert second.survey.plugins["listener"].topics == {"news"}
    await second.host.message_bus.broadcast("test", "news", "late")
    await second.close()
    assert heard.read_text().endswith("listener heard late; ")


async def test_a_request_loads_whom_it_is_meant_for(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path
) -> None:
    write(make_plugin, heard, "listener")
    write(make_plugin, heard, "sleeper")
    manager = next(managers)
    bus = manager.host.message_bus
    assert await bus.request("test", "listener", "?") == "answer of listener"
    await bus.send_direct("test", "listener", "!")
    with pytest.raises(NoResponder, match=r"nobody answers for 'sleper': there is no plugin 'sleper'$") as misspelt:
        await bus.request("test", "sleper", "?")
    assert misspelt.value.fix == "did you mean 'sleeper'?"
    with pytest.raises(NoResponder, match="the plugin 'sleeper' is disabled: it was never enabled") as caught:
        await bus.request("test", "sleeper", "?")
    assert caught.value.fix == "localagent plugins enable sleeper"
    await manager.close()
    assert "sleeper" not in heard.read_text()


async def test_a_recipient_that_cannot_be_loaded_is_tried_once_and_the_cause_told(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path
) -> None:
    write(make_plugin, heard, "listener", initialise="raise OSError('disk')")
    manager = next(managers)
    with pytest.raises(NoResponder, match="nobody answers for 'listener': initialise: OSError: disk"):
        await manager.host.message_bus.request("test", "listener", "?")
    with pytest.raises(NoResponder):
        await manager.host.message_bus.request("test", "listener", "?")
    assert heard.read_text() == "listener is imported; " * 2


async def test_waking_counts_towards_the_deadline_of_a_request(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path
) -> None:
    write(make_plugin, heard, "listener", initialise="await asyncio.sleep(5)")
    manager = next(managers)
    with pytest.raises(RequestTimeout, match="'listener' was not ready within 1 s"):
        await manager.host.message_bus.request("test", "listener", "?", timeout=1)
    await manager.close()


async def test_log_records_of_a_plugin_carry_its_name(
    managers: Iterator[PluginManager], make_plugin: MakePlugin, heard: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(make_plugin, heard, "listener")
    manager = next(managers)
    with caplog.at_level(logging.WARNING):
        await manager.load_plugin("listener")
    await manager.close()
    assert [vars(record)["plugin"] for record in caplog.records if record.message == "ready"] == ["listener"]
