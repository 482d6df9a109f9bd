"""A message bus that remembers what was sent."""

from __future__ import annotations

import pytest

from localagent import MessageType, NoResponder, PluginMessage, PluginMessageBus
from localagent_testing import RecordingBus, Sent


@pytest.mark.asyncio
async def test_it_is_the_real_bus_and_remembers_each_way_of_sending() -> None:
    bus = RecordingBus()
    assert isinstance(bus, PluginMessageBus)
    heard: list[object] = []
    bus.subscribe("news", lambda message: heard.append(message.data))

    async def answer(message: PluginMessage) -> None:
        if message.type is MessageType.REQUEST:
            bus.respond(message, "b", message.data["n"] + 1)

    bus.register_direct_handler("b", answer)
    await bus.broadcast("a", "news", {"n": 1})
    bus.publish_nowait("a", "news", {"n": 2})
    await bus.send_direct("a", "b", {"n": 3})
    assert await bus.request("a", "b", {"n": 4}) == 5
    assert heard == [{"n": 1}, {"n": 2}]
    assert bus.sent == [
        Sent(MessageType.BROADCAST, "a", "news", {"n": 1}),
        Sent(MessageType.BROADCAST, "a", "news", {"n": 2}),
        Sent(MessageType.DIRECT, "a", "b", {"n": 3}),
        Sent(MessageType.REQUEST, "a", "b", {"n": 4}),
        Sent(MessageType.RESPONSE, "b", "a", 5),
    ]
    assert bus.sent_to("b") == ({"n": 3}, {"n": 4})
    await bus.close()


@pytest.mark.asyncio
async def test_what_nobody_heard_was_sent_nevertheless_as_it_was_then() -> None:
    bus = RecordingBus()
    data = {"n": 1}
    await bus.broadcast("a", "news", data)
    data["n"] = 2
    with pytest.raises(NoResponder):
        await bus.send_direct("a", "nobody", "hello")
    assert bus.sent_to("news") == ({"n": 1},)
    assert bus.sent_to("nobody") == ("hello",)
