"""A responder that never gives the event loop back is named, with the line it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent import Host, HostOptions, PluginManager
from localagent.host.situation import Situation
from plain import MakePlugin

BUSY = """
import time
from localagent import Plugin

class Busy(Plugin):
    name = "busy"
    version = "1.0"

    async def initialize(self, context):
        context.message_bus.register_direct_handler("busy", self.answer)
        return True

    async def answer(self, message):
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            pass
        return "at last"
"""


def test_a_responder_that_never_yields_is_named_by_the_watch(
    home: Path, work: Path, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    make_plugin("busy", BUSY)
    manager = PluginManager(Host(Situation.read(HostOptions(home=home), {"LOCALAGENT_PLUGINS_ENABLED": "busy"})))
    run = manager.host.loop.run
    try:
        assert run(manager.host.message_bus.request("test", "busy", None)) == "at last"
    finally:
        run(manager.close())
        manager.host.loop.close()
    told = [record.message for record in caplog.records if "kept the event loop" in record.message]
    assert len(told) == 1
    assert "busy" in told[0]
    assert "plugin.py" in caplog.text
