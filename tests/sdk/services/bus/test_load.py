"""Many messages: none is lost, each arrives in order, and memory stays what it was."""

from __future__ import annotations

import asyncio
import gc
import statistics
import tracemalloc
from collections.abc import Callable

import pytest

from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus

PER_SECOND = 10_000
ROUND = 100
"""Messages sent in one go; so many rounds a second make the load."""


class Load:
    """A publisher and three subscribers: one fast, one that fails on 1 %, one slow with a mailbox."""

    def __init__(self) -> None:
        self.bus = PluginMessageBus()
        self.last = {"fast": -1, "failing": -1, "slow": -1}
        self.heard = dict.fromkeys(self.last, 0)
        self.delays: list[float] = []
        self.bus.subscribe("load.*", self.fast, owner="fast")
        self.bus.subscribe("load.*", self.failing, owner="failing")
        self.bus.subscribe("load.*", self.slow, owner="slow", queue=256, overflow="drop_oldest")

    def note(self, name: str, number: int) -> None:
        assert number > self.last[name], "in order"
        self.last[name] = number
        self.heard[name] += 1

    def fast(self, message: PluginMessage) -> None:
        self.note("fast", message.data["number"])
        self.delays.append(asyncio.get_running_loop().time() - message.data["sent"])

    async def failing(self, message: PluginMessage) -> None:
        self.note("failing", message.data["number"])
        if message.data["number"] % 100 == 0:
            raise OSError("one in a hundred")

    async def slow(self, message: PluginMessage) -> None:
        await asyncio.sleep(0.001)
        self.note("slow", message.data["number"])

    async def run(self, messages: int, *, paced: bool) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for first in range(0, messages, ROUND):
            for number in range(first, first + ROUND):
                await self.bus.broadcast("me", "load.test", {"number": number, "sent": loop.time()})
            due = began + (first + ROUND) / PER_SECOND
            await asyncio.sleep(max(due - loop.time(), 0) if paced else 0)
        await self.bus.drain(10)

    def check(self, messages: int) -> None:
        counts = self.bus.counts
        assert self.heard["fast"] == self.heard["failing"] == counts["fast"].delivered == messages
        assert (counts["failing"].failed, counts["failing"].delivered) == (messages // 100, messages * 99 // 100)
        slow = counts["slow"]
        assert self.heard["slow"] == slow.delivered == messages - slow.dropped
        assert self.last["slow"] == messages - 1
        assert slow.pending == 0


@pytest.mark.asyncio
async def test_under_load_none_is_lost_each_is_in_order_and_memory_is_bounded() -> None:
    load = Load()
    await load.run(1000, paced=False)
    load.delays.clear()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        again = Load()
        await again.run(10_000, paced=False)
        again.check(10_000)
        again.delays.clear()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.soak
@pytest.mark.asyncio
async def test_a_minute_of_ten_thousand_messages_a_second(record_property: Callable[[str, object], None]) -> None:
    import psutil

    load, messages = Load(), 60 * PER_SECOND
    await load.run(PER_SECOND, paced=True)
    before = psutil.Process().memory_info().rss
    load = Load()
    await load.run(messages, paced=True)
    # The delays themselves take as much as they take; what counts is what the bus keeps.
    kept_by_test = len(load.delays) * (24 + 8)
    grown = psutil.Process().memory_info().rss - before - kept_by_test
    load.check(messages)
    late = statistics.quantiles(load.delays, n=100)[98]
    record_property("messages", messages)
    record_property("most ms of 99 %", round(late * 1000, 3))
    record_property("most MB more", round(grown / 1e6, 1))
    assert late < 0.010
    assert grown < 20_000_000
