"""A file of settings that is edited while the plugin is asked without pause."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from asking import asked, of_one_life
from localagent import PluginManager
from plain import MakePlugin
from saving import Save

pytestmark = pytest.mark.asyncio

SIZED = """
import asyncio
from localagent import Plugin

class Sized(Plugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        context.message_bus.register_direct_handler("one", self.answer)
        context.config.add_watcher(self.take)
        return True

    def take(self, old, new):
        if new["size"] == 3:
            raise ValueError("no room for three")

    async def answer(self, message):
        config = self.config
        before = config["size"]
        await asyncio.sleep(message.data)
        return [before, config["again"]]
"""
SCHEMA = {"properties": {name: {"type": "integer", "default": 1} for name in ("size", "again")}}


def sized(size: object) -> str:
    return f"size: {size}\nagain: {size}\n"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nothing tells of."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - as it says
            await asyncio.sleep(0.01)


async def test_no_call_fails_or_sees_a_half_while_a_file_of_settings_is_edited(
    manager: PluginManager, make_plugin: MakePlugin, home: Path, save: Save, caplog: pytest.LogCaptureFixture
) -> None:
    """Valid ones are in force, others are told and change nothing, and what a watcher refuses is taken back."""
    caplog.set_level(logging.WARNING, logger="localagent.settings")
    make_plugin("one", SIZED, config_schema__json=json.dumps(SCHEMA))
    assert await manager.load_plugin("one"), manager.errors
    before, file = manager.loaded_plugins["one"], home / "one.yaml"
    async with asked(manager, "one", data=0.001, is_whole=of_one_life) as load:
        assert load.last["one"] == [1, 1]
        save(file, sized(2))
        await load.until("one", [2, 2])
        save(file, sized("many"))
        await until(lambda: "'many' is not of type 'integer'" in caplog.text)
        await load.go_on("one")
        assert load.last["one"] == [2, 2]
        save(file, sized(3))
        await until(lambda: "no room for three" in caplog.text)
        await load.until("one", [2, 2])
        save(file, sized(4))
        await load.until("one", [4, 4])
    assert manager.loaded_plugins["one"] is before
    assert "'one' stay as they were" in caplog.text
