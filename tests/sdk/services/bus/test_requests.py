"""Requests: deadlines that travel, circles, responders that come late or go, and every way a request can end."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from localagent.errors import (
    BusClosed,
    MessageError,
    NoResponder,
    NotReadyInTime,
    PluginNotReady,
    PluginReloaded,
    RemoteError,
    RequestCancelled,
    RequestTimeout,
    TooManyHops,
    WouldDeadlock,
)
from localagent.plugins.messages import MessageType, PluginMessage
from localagent.services.bus import PluginMessageBus

pytestmark = pytest.mark.asyncio


@pytest.fixture
def bus() -> PluginMessageBus:
    return PluginMessageBus()


async def dawdle(message: PluginMessage) -> None:
    await asyncio.sleep(60)


async def test_a_request_is_one_message_with_all_it_needs(bus: PluginMessageBus) -> None:
    asked: list[PluginMessage] = []

    def answer(message: PluginMessage) -> str:
        asked.append(message)
        return "!"

    bus.register_direct_handler("you", answer)
    now = asyncio.get_running_loop().time()
    await bus.request("me", "you", {"a": 1}, timeout=5)
    message = asked[0]
    assert (message.type, message.sender, message.recipient, message.data) == (
        MessageType.REQUEST,
        "me",
        "you",
        {"a": 1},
    )
    assert message.correlation_id == message.id
    assert message.deadline is not None
    assert 4 < message.deadline - now < 6


async def test_a_nested_request_has_only_the_time_that_is_left(bus: PluginMessageBus) -> None:
    deadlines: list[float | None] = []

    async def first(message: PluginMessage) -> Any:
        deadlines.append(message.deadline)
        return await bus.request("first", "second", None, timeout=60)

    async def second(message: PluginMessage) -> None:
        deadlines.append(message.deadline)
        await asyncio.sleep(60)

    bus.register_direct_handler("first", first)
    bus.register_direct_handler("second", second)
    with pytest.raises(RequestTimeout):
        await asyncio.wait_for(bus.request("me", "first", None, timeout=0.05), 5)
    assert deadlines[0] == deadlines[1]


async def test_a_nested_request_may_have_less_time(bus: PluginMessageBus) -> None:
    async def first(message: PluginMessage) -> str:
        with pytest.raises(RequestTimeout, match=r"'second' did not answer within 0.02 s"):
            await bus.request("first", "second", None, timeout=0.02)
        return "without second"

    bus.register_direct_handler("first", first)
    bus.register_direct_handler("second", dawdle)
    assert await bus.request("me", "first", None, timeout=30) == "without second"


async def test_requests_of_a_broadcasts_handler_within_a_request_have_what_is_left_too(bus: PluginMessageBus) -> None:
    deadlines: list[float | None] = []

    async def first(message: PluginMessage) -> str:
        deadlines.append(message.deadline)
        await bus.broadcast("first", "news", None)
        return "done"

    async def listen(message: PluginMessage) -> None:
        deadlines.append(message.deadline)
        await bus.request("listener", "second", None)

    def second(message: PluginMessage) -> str:
        deadlines.append(message.deadline)
        return "ok"

    bus.register_direct_handler("first", first)
    bus.register_direct_handler("second", second)
    bus.subscribe("news", listen)
    await bus.request("me", "first", None, timeout=7)
    assert len(set(deadlines)) == 1
    assert len(deadlines) == 3


async def test_what_a_handler_leaves_running_has_neither_its_deadline_nor_its_circle(bus: PluginMessageBus) -> None:
    answers: list[Any] = []
    tasks: list[asyncio.Task[None]] = []

    async def later() -> None:
        await asyncio.sleep(0.05)
        answers.append(await bus.request("you", "me", "?"))

    def handle(message: PluginMessage) -> str:
        tasks.append(asyncio.get_running_loop().create_task(later()))
        return "at once"

    bus.register_direct_handler("you", handle)
    bus.register_direct_handler("me", lambda message: "from me")
    assert await bus.request("me", "you", None, timeout=0.02) == "at once"
    await tasks[0]
    assert answers == ["from me"]


@pytest.mark.parametrize("seconds", [0, -1])
async def test_without_time_nobody_is_asked(bus: PluginMessageBus, seconds: float) -> None:
    asked: list[PluginMessage] = []
    bus.register_direct_handler("you", asked.append)
    with pytest.raises(RequestTimeout, match="no time was left"):
        await bus.request("me", "you", 1, timeout=seconds)
    assert asked == []


async def test_a_request_without_a_deadline_is_refused(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", lambda message: 1)
    with pytest.raises(MessageError, match="has no deadline"):
        await bus.request("me", "you", 1, timeout=math.inf)


async def test_each_request_ends_at_its_own_deadline(bus: PluginMessageBus) -> None:
    ended: list[int] = []
    bus.register_direct_handler("you", dawdle)

    async def ask(number: int, seconds: float) -> None:
        with pytest.raises(RequestTimeout):
            await bus.request("me", "you", number, timeout=seconds)
        ended.append(number)

    await asyncio.gather(ask(3, 0.15), ask(1, 0.03), ask(2, 0.08))
    assert ended == [1, 2, 3]
    assert bus.counts["you"].timed_out == 3


@pytest.mark.parametrize("length", [1, 2, 3])
async def test_a_circle_of_requests_is_told_at_once(bus: PluginMessageBus, length: int) -> None:
    names = [f"p{number}" for number in range(length)]
    for name, following in zip(names, [*names[1:], names[0]], strict=True):

        async def ask(message: PluginMessage, name: str = name, following: str = following) -> Any:
            return await bus.request(name, following, None)

        bus.register_direct_handler(name, ask)
    with pytest.raises(RemoteError) as caught:
        await asyncio.wait_for(bus.request("me", "p0", None), 5)
    assert " -> ".join([*names, "p0"]) in caught.value.message


async def test_asking_back_the_one_who_waits_is_a_circle_too(bus: PluginMessageBus) -> None:
    refused: list[WouldDeadlock] = []

    async def ask_back(message: PluginMessage) -> str:
        try:
            await bus.request("you", "me", None)
        except WouldDeadlock as error:
            refused.append(error)
        return "done"

    bus.register_direct_handler("you", ask_back)
    bus.register_direct_handler("me", lambda message: 1)
    assert await bus.request("me", "you", None) == "done"
    assert refused[0].plugin == "me"


async def test_requests_at_the_same_time_in_both_directions_are_no_circle(bus: PluginMessageBus) -> None:
    async def answer(message: PluginMessage) -> str:
        await asyncio.sleep(0.01)
        return "ok"

    bus.register_direct_handler("one", answer)
    bus.register_direct_handler("other", answer)
    answers = await asyncio.gather(bus.request("one", "other", None), bus.request("other", "one", None))
    assert list(answers) == ["ok", "ok"]


async def test_direct_messages_that_go_in_circles_are_stopped(bus: PluginMessageBus) -> None:
    hops: list[int] = []

    async def pass_on(message: PluginMessage) -> None:
        hops.append(message.hops)
        await bus.send_direct("you", "you", None)

    bus.register_direct_handler("you", pass_on)
    with pytest.raises(TooManyHops, match="the last about messages to 'you'"):
        await bus.send_direct("me", "you", None)
    assert len(hops) == 17


async def test_a_handler_goes_on_after_its_answer(bus: PluginMessageBus) -> None:
    done = asyncio.Event()

    async def handle(message: PluginMessage) -> None:
        bus.respond(message, "you", "early")
        await asyncio.sleep(0.01)
        done.set()

    bus.register_direct_handler("you", handle)
    assert await bus.request("me", "you", None) == "early"
    assert not done.is_set()
    await asyncio.wait_for(done.wait(), 5)


async def test_the_first_answer_wins_and_others_are_counted(bus: PluginMessageBus) -> None:
    kept: list[PluginMessage] = []

    def handle(message: PluginMessage) -> None:
        kept.append(message)
        bus.respond(message, "you", "first")
        bus.respond(message, "you", "second")

    bus.register_direct_handler("you", handle)
    assert await bus.request("me", "you", None) == "first"
    bus.respond(kept[0], "you", "third")
    assert bus.counts["you"].late == 2


async def test_a_responder_that_goes_is_told_at_once_to_those_who_wait_for_it(bus: PluginMessageBus) -> None:
    unregister = bus.register_direct_handler("you", dawdle)
    bus.register_direct_handler("other", dawdle)
    asking = [asyncio.create_task(bus.request("me", "you", number)) for number in range(3)]
    still = asyncio.create_task(bus.request("me", "other", None))
    await asyncio.sleep(0.01)
    unregister()
    for task in asking:
        with pytest.raises(PluginReloaded, match="'you' was unloaded or reloaded before it answered"):
            await asyncio.wait_for(task, 5)
    assert not still.done()
    still.cancel()
    with pytest.raises(NoResponder):
        await bus.request("me", "you", None)


async def test_a_handler_learns_that_its_asker_waits_no_more(bus: PluginMessageBus) -> None:
    cancelled = asyncio.Event()
    began = asyncio.Event()

    async def inner(message: PluginMessage) -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    async def outer(message: PluginMessage) -> Any:
        return await bus.request("outer", "inner", None)

    bus.register_direct_handler("outer", outer)
    bus.register_direct_handler("inner", inner)
    asking = asyncio.create_task(bus.request("me", "outer", None))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(cancelled.wait(), 5)
    await asyncio.sleep(0)
    assert bus.counts["inner"].failed == 0


async def test_a_request_waits_for_a_recipient_that_is_initialising(bus: PluginMessageBus) -> None:
    initialising = {"you"}
    bus.register_direct_handler("you", lambda message: f"ready: {not initialising}")

    async def wake(recipient: str) -> None:
        await asyncio.sleep(0.02)
        initialising.clear()

    bus.load_on_demand(wake, wake, lambda name: name in initialising)
    assert await bus.request("me", "you", None) == "ready: True"


async def test_a_recipient_that_is_not_ready_in_time_is_told_as_that(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", lambda message: 1)

    async def wake(recipient: str) -> None:
        await asyncio.sleep(60)

    bus.load_on_demand(wake, wake, lambda name: True)
    with pytest.raises(NotReadyInTime, match=r"'you' was not ready within 0.02 s") as caught:
        await bus.request("me", "you", None, timeout=0.02)
    assert isinstance(caught.value, PluginNotReady)
    assert isinstance(caught.value, RequestTimeout)
    assert await bus.request("you", "you", None, timeout=5) == 1, "a plugin does not wait for itself"


async def test_closing_ends_requests_at_once_and_takes_no_more(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", dawdle)
    asking = asyncio.create_task(bus.request("me", "you", None))
    await asyncio.sleep(0)
    assert await bus.close(5) == ()
    with pytest.raises(RequestCancelled, match="closed before the answer came"):
        await asyncio.wait_for(asking, 5)
    for sending in (
        bus.broadcast("me", "news", None),
        bus.request("me", "you", None),
        bus.send_direct("me", "you", None),
    ):
        with pytest.raises(BusClosed):
            await sending
    with pytest.raises(BusClosed):
        bus.publish_nowait("me", "news", None)
    assert await bus.close() == ()


async def test_closing_delivers_what_is_on_its_way(bus: PluginMessageBus) -> None:
    heard: list[Any] = []

    async def listen(message: PluginMessage) -> None:
        await asyncio.sleep(0.001)
        heard.append(message.data)

    bus.subscribe("news", listen, queue=100)
    bus.subscribe("other", listen)
    for number in range(20):
        bus.publish_nowait("me", "news", number)
    bus.publish_nowait("me", "other", "other")
    assert await bus.close(10) == ()
    assert sorted(heard, key=str) == sorted([*range(20), "other"], key=str)


async def test_closing_reports_what_was_not_delivered(bus: PluginMessageBus, caplog: pytest.LogCaptureFixture) -> None:
    async def listen(message: PluginMessage) -> None:
        await asyncio.sleep(60)

    bus.subscribe("news.*", listen, queue=100, owner="slow")
    bus.subscribe("other", listen, owner="slow")
    for number in range(20):
        bus.publish_nowait("me", f"news.{number}", None)
    bus.publish_nowait("me", "other", None)
    left = await bus.close(0.02)
    assert [(each.plugin, each.subject, each.number) for each in left] == [
        ("", "messages nobody waited for", 1),
        ("slow", "news.*", 20),
    ]
    assert "slow: 20 messages were not delivered (news.*)" in caplog.text
    assert bus.counts["slow"].dropped == 20
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_blocking_responder_answers_from_its_thread(bus: PluginMessageBus) -> None:
    def answer(message: PluginMessage) -> int:
        return int(message.data) * 2

    bus.register_direct_handler("you", answer, blocking=True)
    assert await bus.request("me", "you", 21) == 42
    await bus.close()


async def test_counts_tell_of_requests_that_wait(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", dawdle)
    asking = asyncio.create_task(bus.request("me", "you", None))
    await asyncio.sleep(0)
    assert bus.counts["you"].pending == 1
    asking.cancel()
    await asyncio.wait({asking})
    assert bus.counts["you"].pending == 0
