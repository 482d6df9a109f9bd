"""Subscriptions with a mailbox of their own."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any, cast

import pytest

from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus

pytestmark = pytest.mark.asyncio


@pytest.fixture
def bus() -> PluginMessageBus:
    return PluginMessageBus()


class Slow:
    """A handler that waits until it is told to go on."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.go_on = asyncio.Event()

    async def __call__(self, message: PluginMessage) -> None:
        await self.go_on.wait()
        self.heard.append(message.data)


async def test_a_slow_subscriber_with_a_mailbox_delays_nobody(bus: PluginMessageBus) -> None:
    slow, heard = Slow(), list[Any]()
    bus.subscribe("news", slow, queue=256, overflow="drop_oldest", owner="slow")
    bus.subscribe("news", lambda message: heard.append(message.data))
    for number in range(10_000):
        receipt = await bus.broadcast("me", "news", number)
        assert receipt["delivered"] == 2
        if number == 0:
            await asyncio.sleep(0)
    assert heard == list(range(10_000))
    # One is being handled, 256 wait, the others are gone.
    counts = bus.counts["slow"]
    assert (counts.pending, counts.dropped, counts.delivered) == (257, 10_000 - 257, 0)
    slow.go_on.set()
    await bus.drain(10)
    assert slow.heard == [0, *range(10_000 - 256, 10_000)]
    assert bus.counts["slow"].delivered == 257


async def test_a_full_mailbox_that_blocks_makes_its_publishers_wait_in_order(bus: PluginMessageBus) -> None:
    slow, heard = Slow(), list[Any]()
    bus.subscribe("news", slow, queue=2, owner="slow")
    bus.subscribe("news", lambda message: heard.append(message.data))
    publishing = [asyncio.create_task(bus.broadcast("me", "news", number)) for number in range(6)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert heard == [0, 1, 2, 3, 4, 5], "the others need not wait"
    assert [task.done() for task in publishing] == [True, True, True, False, False, False]
    publishing[4].cancel()
    slow.go_on.set()
    await asyncio.gather(*publishing, return_exceptions=True)
    await bus.drain(5)
    assert slow.heard == [0, 1, 2, 3, 5]


async def test_who_does_not_wait_loses_messages_to_a_full_mailbox_that_blocks(bus: PluginMessageBus) -> None:
    slow = Slow()
    bus.subscribe("news", slow, queue=2, owner="slow")
    bus.publish_nowait("me", "news", 0)
    await asyncio.sleep(0)
    for number in range(1, 6):
        bus.publish_nowait("me", "news", number)
    assert bus.counts["slow"].dropped == 3
    slow.go_on.set()
    await bus.drain(5)
    assert slow.heard == [0, 1, 2]


async def test_a_mailbox_that_fails_is_counted_paused_and_goes_on(bus: PluginMessageBus) -> None:
    calls: list[int] = []

    async def fails(message: PluginMessage) -> None:
        calls.append(message.data)
        raise SystemExit(3)

    bus.subscribe("news", fails, queue=10, owner="odd")
    for number in range(5):
        assert (await bus.broadcast("me", "news", number))["failed"] == 0
    await bus.drain(5)
    assert calls == [0, 1, 2]
    assert (bus.counts["odd"].failed, bus.counts["odd"].delivered) == (5, 0)


async def test_ending_a_subscription_throws_its_mail_away_and_lets_publishers_go_on(bus: PluginMessageBus) -> None:
    slow = Slow()
    end = bus.subscribe("news", slow, queue=1, owner="slow")
    publishing = [asyncio.create_task(bus.broadcast("me", "news", number)) for number in range(4)]
    for _ in range(3):
        await asyncio.sleep(0)
    end()
    slow.go_on.set()
    await asyncio.wait_for(asyncio.gather(*publishing), 5)
    await asyncio.sleep(0)
    assert slow.heard in ([], [0])
    assert bus.counts["slow"].dropped >= 3


async def test_what_a_mailbox_hands_over_has_no_deadline_and_waits_for_nobody(bus: PluginMessageBus) -> None:
    answers: list[Any] = []

    async def later(message: PluginMessage) -> None:
        await asyncio.sleep(0.05)
        answers.append(await bus.request("listener", "asker", "?"))

    async def handle(message: PluginMessage) -> str:
        if message.data == "start":
            await bus.broadcast("asker", "news", None)
        return "answered"

    bus.subscribe("news", later, queue=3)
    bus.register_direct_handler("asker", handle)
    assert await bus.request("me", "asker", "start", timeout=0.03) == "answered"
    await bus.drain(5)
    assert answers == ["answered"]


async def test_a_mailbox_runs_in_the_context_of_its_subscriber(bus: PluginMessageBus) -> None:
    variable = contextvars.ContextVar("variable", default="nobody")
    seen: list[str] = []

    def subscribe() -> None:
        variable.set("subscriber")
        bus.subscribe("news", lambda message: seen.append(variable.get()), queue=2)

    contextvars.copy_context().run(subscribe)
    variable.set("publisher")
    bus.publish_nowait("me", "news", None)
    await bus.drain(5)
    assert seen == ["subscriber"]


async def test_a_bus_at_rest_runs_nothing(bus: PluginMessageBus) -> None:
    bus.subscribe("news", lambda message: None, queue=2)
    await bus.broadcast("me", "news", None)
    await bus.drain(5)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(("queue", "overflow"), [(0, "block"), (-1, "block"), (1, "drop_newest")])
async def test_a_mailbox_that_cannot_be_is_refused(bus: PluginMessageBus, queue: int, overflow: str) -> None:
    with pytest.raises(ValueError, match=r"mailbox has room|overflow is"):
        bus.subscribe("news", print, queue=queue, overflow=cast("Any", overflow))
    assert bus.subscribers == {}
