"""Settings as a plugin meets them in its context."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from localagent import Host, HostOptions, PluginManager
from localagent.services.given import Given
from plain import MakePlugin, command_plugin

pytestmark = pytest.mark.asyncio

SCHEMA = '{"properties": {"size": {"type": "integer", "default": 1}, "api_key": {"type": "string", "default": ""}}}'
MANIFEST = """
name: {name}
version: "1.2.3"
description: For tests
plugin_types: [command]
entry_points:
  commands:
    - name: {name}
      class: plugin:ThePlugin
permissions:
  env: [A_SECRET]
"""


@pytest.fixture
def manager(home: Path, work: Path, make_plugin: MakePlugin) -> PluginManager:
    for name in ("one", "two"):
        make_plugin(name, command_plugin(name), config_schema__json=SCHEMA)
        (home / "plugins" / name / "plugin-manifest.yaml").write_text(MANIFEST.format(name=name))
    manager = PluginManager(Host.open(HostOptions(home=home)))
    for name in ("one", "two"):
        manager.enable(name)
    return manager


@contextlib.asynccontextmanager
async def loaded(manager: PluginManager) -> AsyncIterator[tuple[Any, Any]]:
    """Both plugins, ready."""
    try:
        one, two = [(await manager.require(name)).plugin for name in ("one", "two")]
        yield one, two
    finally:
        await manager.close()


async def test_an_accepted_change_is_in_config_before_the_watcher_runs(manager: PluginManager, home: Path) -> None:
    seen: list[tuple[int, int, int]] = []
    async with loaded(manager) as (one, two):
        one.context.config.add_watcher(lambda old, new: seen.append((old["size"], new["size"], one.config["size"])))
        (home / "one.yaml").write_text("size: 2\n")
        assert await one.context.config.reload()
        assert seen == [(1, 2, 2)]
        assert one.config == one.context.config.snapshot == {"size": 2, "api_key": ""}
        assert type(one.config) is dict
        assert two.config["size"] == 1


async def test_reloading_by_hand_needs_no_watcher(manager: PluginManager, home: Path) -> None:
    async with loaded(manager) as (one, _):
        (home / "config.yaml").write_text("plugins: {one: {config: {size: 2}}}\n")
        assert await one.context.config.reload()
        assert one.config["size"] == 2
        (home / "one.yaml").write_text("size: x\n")
        assert not await one.context.config.reload()
        assert one.config["size"] == 2


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()], ids=repr)
async def test_whatever_a_watcher_raises_takes_the_change_back(
    manager: PluginManager, home: Path, error: BaseException
) -> None:
    async def watch(_old: object, _new: object) -> None:
        await asyncio.sleep(0)
        raise error

    async with loaded(manager) as (one, _):
        one.context.config.add_watcher(watch)
        (home / "one.yaml").write_text("size: 2\n")
        assert not await one.context.config.reload()
        assert one.config == one.context.config.plugins["one"]["config"] == {"size": 1, "api_key": ""}


async def test_a_watcher_that_fails_three_times_in_a_row_has_no_say_any_more(
    manager: PluginManager, home: Path
) -> None:
    def watch(_old: object, _new: object) -> None:
        raise ValueError("no")

    async with loaded(manager) as (one, _):
        one.context.config.add_watcher(watch)
        took = []
        for size in (2, 3, 4, 5):
            (home / "one.yaml").write_text(f"size: {size}\n")
            took.append(await one.context.config.reload())
        assert took == [False, False, False, True]
        assert one.config["size"] == 5


async def test_watchers_go_with_their_plugin(manager: PluginManager, home: Path) -> None:
    live = manager.host.live_settings
    async with loaded(manager) as (one, two):
        one.context.config.add_watcher(lambda *_: None)
        two.context.config.add_watcher(lambda *_: None)
        await manager.unload_plugin("one")
        assert live.is_watching
        await manager.unload_plugin("two")
        assert not live.is_watching


async def test_nobody_watches_for_plugins_that_do_not_ask(manager: PluginManager) -> None:
    async with loaded(manager):
        assert not manager.host.live_settings.is_watching


async def test_a_plugin_gets_its_own_secrets_and_sees_the_references_of_others(
    manager: PluginManager, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.host.settings.environ["A_SECRET"] = "the-value"
    (home / "config.yaml").write_text("plugins: {one: {config: {api_key: '${env:A_SECRET}'}}}\n")
    async with loaded(manager) as (one, two):
        mine = one.context.config.plugins["one"]["config"]["api_key"]
        assert mine.reveal() == one.config["api_key"].reveal() == "the-value"
        assert one.context.config.snapshot["api_key"] == "${env:A_SECRET}"
        assert two.context.config.plugins["one"]["config"]["api_key"] == "${env:A_SECRET}"
        (home / "one.yaml").write_text("api_key: '${env:NOT_SET}'\n")
        assert not await one.context.config.reload(), "what it stands for cannot be had"
        assert one.config["api_key"].reveal() == "the-value"


async def test_settings_given_for_one_run_count(manager: PluginManager, home: Path) -> None:
    options = HostOptions(home=home, given=(Given("one", ("size",), "7"),))
    async with loaded(PluginManager(Host.open(options))) as (one, two):
        assert (one.config["size"], two.config["size"]) == (7, 1)


async def test_a_change_reaches_a_watcher_by_itself(manager: PluginManager, home: Path) -> None:
    changed: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    async with loaded(manager) as (one, _):
        note: Callable[..., None] = lambda _, new: changed.put_nowait(new.changed)  # noqa: E731 - one line says it
        one.context.config.add_watcher(note)
        (home / "one.yaml").write_text("size: 2\n")
        assert await asyncio.wait_for(changed.get(), 30) == {"size"}
