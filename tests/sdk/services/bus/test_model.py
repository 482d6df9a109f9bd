"""The bus does what a plain model of it does, whatever is subscribed, ended, published or asked, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from localagent.errors import MessageError, NoResponder
from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus

PATTERNS = {
    "a": {"a"},
    "a.b": {"a.b"},
    "a.*": {"a.b", "a.c"},
    "a.**": {"a", "a.b", "a.c"},
    "*": {"a"},
    "**": {"a", "a.b", "a.c"},
}
NAMES = st.sampled_from(["one", "two"])


class Bus(RuleBasedStateMachine):
    """Each subscription has a number; the model knows which numbers hear what, and what each has heard."""

    subscriptions = Bundle("subscriptions")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.bus = PluginMessageBus()
        self.heard: dict[int, list[int]] = {}
        self.expected: dict[int, list[int]] = {}
        self.live: dict[int, tuple[str, bool]] = {}
        self.published = 0
        self.answering: dict[str, Callable[[], None]] = {}

    @rule(
        target=subscriptions,
        pattern=st.sampled_from(sorted(PATTERNS)),
        kind=st.sampled_from(["sync", "async", "waiting", "queued"]),
        fails=st.booleans(),
    )
    def subscribe(self, pattern: str, kind: str, *, fails: bool) -> tuple[int, Callable[[], None]]:
        number = len(self.heard)
        self.heard[number], self.expected[number] = [], []

        def sync(message: PluginMessage) -> None:
            self.heard[number].append(message.data)
            # Every other message, so that none is paused.
            if fails and len(self.heard[number]) % 2:
                raise SystemExit(1)

        async def handler(message: PluginMessage) -> None:
            if kind == "waiting":
                await asyncio.sleep(0)
            sync(message)

        queue = 100 if kind == "queued" else None
        end = self.bus.subscribe(pattern, sync if kind == "sync" else handler, queue=queue)
        self.live[number] = (pattern, fails and kind != "queued")
        return number, end

    @rule(subscription=consumes(subscriptions), twice=st.booleans())
    def end(self, subscription: tuple[int, Callable[[], None]], *, twice: bool) -> None:
        number, end = subscription
        end()
        if twice:
            end()
        del self.live[number]

    @rule(topic=st.sampled_from(["a", "a.b", "a.c"]), waits=st.booleans())
    def publish(self, topic: str, *, waits: bool) -> None:
        data = self.published = self.published + 1
        hearing = [number for number, (pattern, _) in self.live.items() if topic in PATTERNS[pattern]]
        for number in hearing:
            self.expected[number].append(data)
        failing = sum(self.live[number][1] and len(self.expected[number]) % 2 for number in hearing)
        receipt = self.runner.run(self._send(topic, data, waits=waits))
        if receipt is not None:
            counted = {"matched": len(hearing), "delivered": len(hearing) - failing, "failed": failing, "timed_out": 0}
            assert receipt == counted

    async def _send(self, topic: str, data: int, *, waits: bool) -> dict[str, int] | None:
        receipt = None
        if waits:
            receipt = await self.bus.broadcast("me", topic, data)
        else:
            self.bus.publish_nowait("me", topic, data)
        await self.bus.drain(10)
        return receipt

    @rule(name=NAMES)
    def answer(self, name: str) -> None:
        try:
            end = self.bus.register_direct_handler(name, lambda message: [name, message.data])
        except MessageError:
            assert name in self.answering
        else:
            assert name not in self.answering
            self.answering[name] = end

    @rule(name=NAMES)
    def answer_no_more(self, name: str) -> None:
        self.answering.pop(name, lambda: None)()

    @rule(name=NAMES, data=st.integers())
    def ask(self, name: str, data: int) -> None:
        async def asked() -> Any:
            return await self.bus.request("me", name, data)

        try:
            assert self.runner.run(asked()) == [name, data]
        except NoResponder:
            assert name not in self.answering

    @invariant()
    def each_heard_what_it_should(self) -> None:
        assert self.heard == self.expected

    @invariant()
    def the_views_tell_the_truth(self) -> None:
        assert sum(map(len, self.bus.subscribers.values())) == len(self.live)
        assert set(self.bus.direct_handlers) == set(self.answering)
        assert self.bus.pending_requests == {}

    def teardown(self) -> None:
        self.runner.run(self.bus.close())
        self.runner.close()


TestBus = Bus.TestCase
TestBus.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
