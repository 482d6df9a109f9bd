"""A plugin that is told when plugins become ready and when they go."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import pytest

from localagent import Host, LifecycleAwarePlugin, PluginLifecycleStage

pytestmark = pytest.mark.asyncio

LIFE = [
    PluginLifecycleStage.DISCOVERED,
    PluginLifecycleStage.LOADING,
    PluginLifecycleStage.INITIALIZING,
    PluginLifecycleStage.READY,
    PluginLifecycleStage.CLEANING_UP,
    PluginLifecycleStage.UNLOADED,
]


class Aware(LifecycleAwarePlugin):
    name = "my-plugin"


async def live(host: Host, name: str) -> None:
    for before, after in itertools.pairwise(LIFE):
        await host.lifecycle_manager.transition_plugin(name, before, after)


async def test_both_moments_of_every_plugin_are_told(
    host: Host, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert await Aware().initialize(context)
    await live(host, "other")
    assert caplog.messages == ["plugin other is ready", "plugin other is cleaning up"]


async def test_an_author_may_react(host: Host, context: Any) -> None:
    class Reacting(Aware):
        told: tuple[Any, ...] = ()

        async def on_ready(self, plugin_name: str, from_stage: Any, to_stage: Any, context: Any) -> None:
            self.told += (plugin_name, from_stage, to_stage)

    plugin = Reacting()
    assert await plugin.initialize(context)
    await live(host, "other")
    assert plugin.told == ("other", PluginLifecycleStage.INITIALIZING, PluginLifecycleStage.READY)


async def test_a_plugin_that_is_not_ready_adds_no_hook(context: Any) -> None:
    class Invalid(Aware):
        async def validate_config(self) -> bool:
            return False

    assert not await Invalid().initialize(context)
    assert not any(context.lifecycle_manager.hooks.values())
