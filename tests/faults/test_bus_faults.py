"""Faults 47 to 52: what goes wrong with messages, seen by a plugin's command that sends them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.told import enable
from plain import Finished, MakePlugin, Run

TALKER = """
import asyncio, threading
from localagent import CommandPlugin, LocalAgentError

class ThePlugin(CommandPlugin):
    name = "talker"
    version = "1.0"

    async def initialize(self, context):
        self.bus, self.context, self.heard = context.message_bus, context, []
        return True

    def hear(self, message):
        self.heard.append(message.data)

    def register_commands(self, app):
        @app.command("talker")
        async def talker():
            bus, hear, heard = self.bus, self.hear, self.heard
            CODE
"""

Talk = Callable[[str], Finished]


@pytest.fixture
def talk(localagent: Run, make_plugin: MakePlugin, home: Path) -> Talk:
    """Runs this code as a plugin's command, with a bus and a handler that keeps what it hears."""

    def run(code: str) -> Finished:
        make_plugin("talker", TALKER.replace("CODE", textwrap.indent(textwrap.dedent(code).strip(), " " * 12).lstrip()))
        enable(home, "talker")
        done = localagent("talker")
        assert "Traceback" not in done.text
        return done

    return run


def test_fault_47_handler_raises(talk: Talk) -> None:
    done = talk(
        """
        def bad(message): raise SystemExit(7)
        bus.subscribe("news", hear)
        bus.subscribe("news", bad)
        bus.subscribe("news", hear)
        print(await bus.broadcast("talker", "news", {}), len(heard))
        """
    )
    assert (done.code, done.out) == (0, "{'matched': 3, 'delivered': 2, 'failed': 1, 'timed_out': 0} 2\n"), done.text
    assert "talker" in done.err
    assert "plugin.py:20" in done.err


def test_fault_48_subscriber_is_slow(talk: Talk, localagent: Run) -> None:
    done = talk(
        """
        async def slow(message):
            await asyncio.sleep(0.001)
        bus.subscribe("news", slow, queue=10, overflow="drop_oldest")
        bus.subscribe("news", hear)
        for number in range(1000):
            await bus.broadcast("talker", "news", number)
        print(len(heard))
        """
    )
    assert (done.code, done.out) == (0, "1000\n"), done.text
    assert "dropped" in localagent("plugins", "info", "talker").out


def test_fault_49_handler_publishes_for_ever(talk: Talk) -> None:
    done = talk(
        """
        async def ping(message): await bus.broadcast("talker", "pong", {})
        async def pong(message): await bus.broadcast("talker", "ping", {})
        bus.subscribe("ping", ping)
        bus.subscribe("pong", pong)
        bus.subscribe("other", hear)
        await bus.broadcast("talker", "ping", {})
        print(await bus.broadcast("talker", "other", {}))
        """
    )
    assert (done.code, "'delivered': 1" in done.out) == (0, True), done.text
    assert "TooManyHops" in done.err
    assert "16 messages caused each other, the last about the topic 'ping'" in done.err


def test_fault_50_subscriptions_change_during_a_dispatch(talk: Talk) -> None:
    """Who is subscribed during a dispatch hears later messages only; who is ended before its turn hears nothing."""
    done = talk(
        """
        def first(message):
            end()
            bus.subscribe("news", lambda message: print("late"))
        bus.subscribe("news", first)
        end = bus.subscribe("news", hear)
        print((await bus.broadcast("talker", "news", {}))["failed"], heard)
        await bus.broadcast("talker", "news", {})
        """
    )
    assert (done.code, done.out) == (0, "0 []\nlate\n"), done.text


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("bus.broadcast('talker', 'news.*', {})", "InvalidTopic"),
        ("bus.broadcast('talker', 'plugin.mine', {})", "InvalidTopic"),
        ("bus.request('talker', 'nobody', {})", "NoResponder"),
        ("bus.broadcast('talker', 'news', loop)", "UnsendableData"),
    ],
    ids=["topic", "the host's topic", "recipient", "payload"],
)
def test_fault_51_what_cannot_be_sent(call: str, error: str, talk: Talk) -> None:
    done = talk(f"loop = []\nloop.append(loop)\nbus.subscribe('news', hear)\nawait {call}\n")
    assert done.code == 1, done.text
    assert "plugin.py:23: " in done.err
    assert f"command: {error}" in done.err


def test_fault_52_publishing_from_another_thread(talk: Talk) -> None:
    done = talk(
        """
        def wrong():
            try:
                bus.publish_nowait("talker", "news", 1)
            except LocalAgentError as error:
                print(type(error).__name__, "publish_nowait_threadsafe" in str(error) + str(error.fix))
        await bus.broadcast("talker", "news", 1)
        bus.subscribe("news", hear)
        await asyncio.to_thread(wrong)
        await asyncio.to_thread(lambda: bus.publish_nowait_threadsafe("talker", "news", 2).result())
        print(heard)
        """
    )
    assert (done.code, done.out) == (0, "WrongLoop True\n[2]\n"), done.text


def test_fault_52_publishing_too_late(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    late = """
    async def cleanup(self):
        print(await self.bus.broadcast("talker", "news", 3))
"""
    make_plugin("talker", TALKER.replace("CODE", "print('ran')") + late)
    enable(home, "talker")
    done = localagent("talker")
    assert "Traceback" not in done.text
    assert "BusClosed" in done.text or "matched" in done.out, done.text
