"""Messages between plugins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import MessageError, NoResponder, RemoteError, RequestCancelled, RequestTimeout, WrongLoop
from localagent.plugins.messages import MessageType, PluginMessage
from localagent.services.bus import PluginMessageBus


@pytest.fixture
def bus() -> PluginMessageBus:
    return PluginMessageBus()


def failing(message: PluginMessage) -> None:
    raise OSError("disk gone")


@pytest.mark.asyncio
async def test_a_broadcast_reaches_sync_and_async_subscribers_of_its_topic_only(bus: PluginMessageBus) -> None:
    heard: list[tuple[str, PluginMessage]] = []

    async def listen(message: PluginMessage) -> None:
        await asyncio.sleep(0)
        heard.append(("async", message))

    bus.subscribe("news", lambda message: heard.append(("sync", message)))
    bus.subscribe("news", listen)
    bus.subscribe("sport", lambda message: heard.append(("other", message)))
    assert await bus.broadcast("me", "news", {"a": 1}) == {"matched": 2, "delivered": 2, "failed": 0, "timed_out": 0}
    assert [kind for kind, _ in heard] == ["sync", "async"]
    message = heard[0][1]
    assert (message.sender, message.topic, message.data) == ("me", "news", {"a": 1})
    assert message.type is message.message_type is MessageType.BROADCAST
    assert message.recipient is None


@pytest.mark.asyncio
async def test_a_broadcast_to_nobody_is_no_error(bus: PluginMessageBus) -> None:
    assert await bus.broadcast("me", "news", None) == {"matched": 0, "delivered": 0, "failed": 0, "timed_out": 0}


@pytest.mark.asyncio
async def test_a_failing_subscriber_is_counted_and_the_others_hear(bus: PluginMessageBus) -> None:
    heard: list[object] = []
    bus.subscribe("news", failing)
    bus.subscribe("news", heard.append)
    assert await bus.broadcast("me", "news", None) == {"matched": 2, "delivered": 1, "failed": 1, "timed_out": 0}
    assert len(heard) == 1


@pytest.mark.asyncio
async def test_subscribers_hear_at_the_same_time(bus: PluginMessageBus) -> None:
    meeting = asyncio.Barrier(3)

    async def arrive(message: PluginMessage) -> None:
        await meeting.wait()

    for _ in range(3):
        bus.subscribe("news", arrive)
    outcome = await asyncio.wait_for(bus.broadcast("me", "news", None), 5)
    assert outcome["delivered"] == 3


@pytest.mark.asyncio
async def test_a_subscription_ends_when_asked_even_during_a_broadcast(bus: PluginMessageBus) -> None:
    heard: list[str] = []
    endings: list[Callable[[], None]] = []

    def first(message: PluginMessage) -> None:
        heard.append("first")
        for end in endings:
            end()

    endings += [bus.subscribe("news", first), bus.subscribe("news", lambda message: heard.append("second"))]
    await bus.broadcast("me", "news", None)
    assert heard == ["first"], "who unsubscribed is not called any more, not even in a broadcast under way"
    assert bus.subscribers == {}
    assert (await bus.broadcast("me", "news", None))["matched"] == 0
    endings[0]()


def test_of_two_subscriptions_of_one_handler_each_ends_for_itself(bus: PluginMessageBus) -> None:
    end_first = bus.subscribe("news", failing)
    end_second = bus.subscribe("news", failing)
    end_first()
    end_first()
    assert bus.subscribers == {"news": (failing,)}
    end_second()
    assert bus.subscribers == {}


@given(st.lists(st.sampled_from(["news", "sport", "art"]), max_size=8), st.data())
def test_subscribers_are_kept_in_order_of_subscription(topics: list[str], data: st.DataObject) -> None:
    bus = PluginMessageBus()
    subscribed = []
    for topic in topics:

        def handler(message: PluginMessage) -> None: ...

        subscribed.append((topic, handler, bus.subscribe(topic, handler)))
    ended = data.draw(st.sets(st.sampled_from(range(len(topics))))) if topics else set()
    for number in ended:
        subscribed[number][2]()
    for topic in ("news", "sport", "art"):
        left = tuple(entry[1] for number, entry in enumerate(subscribed) if number not in ended and entry[0] == topic)
        assert bus.subscribers.get(topic, ()) == left


@pytest.mark.asyncio
async def test_a_direct_message_reaches_its_recipient(bus: PluginMessageBus) -> None:
    got: list[PluginMessage] = []
    bus.register_direct_handler("you", got.append)
    await bus.send_direct("me", "you", "hi")
    assert [(message.type, message.recipient, message.data) for message in got] == [(MessageType.DIRECT, "you", "hi")]


@pytest.mark.asyncio
async def test_a_message_to_nobody_is_told_at_once_and_is_a_value_error_too(bus: PluginMessageBus) -> None:
    for sending in (bus.send_direct("me", "you", 1), bus.request("me", "you", 1)):
        with pytest.raises(NoResponder, match="nobody answers for 'you'") as error:
            await sending
        assert isinstance(error.value, ValueError)
        assert error.value.plugin == "you"


@pytest.mark.asyncio
async def test_a_failing_recipient_of_a_direct_message_is_told_to_its_sender(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", failing)
    with pytest.raises(OSError, match="disk gone"):
        await bus.send_direct("me", "you", 1)


def test_one_plugin_has_one_responder(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", failing)
    with pytest.raises(MessageError, match=r"failing answers for 'you' already, so .*<lambda> cannot") as error:
        bus.register_direct_handler("you", lambda message: None)
    assert error.value.plugin == "you"
    assert bus.direct_handlers == {"you": failing}


def test_an_old_registration_does_not_end_a_later_one(bus: PluginMessageBus) -> None:
    end_first = bus.register_direct_handler("you", failing)
    end_first()
    assert bus.direct_handlers == {}

    def later(message: PluginMessage) -> None: ...

    bus.register_direct_handler("you", later)
    end_first()
    assert bus.direct_handlers == {"you": later}


@pytest.mark.asyncio
async def test_a_returned_value_answers_a_request(bus: PluginMessageBus) -> None:
    async def double(message: PluginMessage) -> int:
        await asyncio.sleep(0)
        return int(message.data) * 2

    bus.register_direct_handler("you", double)
    assert await bus.request("me", "you", 21) == 42
    assert bus.pending_requests == {}


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [None, 0, "", [1]])
async def test_a_response_answers_a_request_whatever_its_value(bus: PluginMessageBus, answer: object) -> None:
    def handle(message: PluginMessage) -> None:
        assert message.type is MessageType.REQUEST
        assert list(bus.pending_requests) == [message.correlation_id]
        bus.respond(message, "you", answer)
        bus.respond(message, "you", "a second answer")

    bus.register_direct_handler("you", handle)
    assert await bus.request("me", "you", "?") == answer


@pytest.mark.asyncio
async def test_a_response_may_come_after_the_responder_returned(bus: PluginMessageBus) -> None:
    def answer_later(message: PluginMessage) -> None:
        asyncio.get_running_loop().call_later(0.01, bus.respond, message, "you", "!")

    bus.register_direct_handler("you", answer_later)
    assert await bus.request("me", "you", "?") == "!"


@pytest.mark.asyncio
async def test_a_response_counts_before_a_failure_that_follows_it(bus: PluginMessageBus) -> None:
    def handle(message: PluginMessage) -> None:
        bus.respond(message, "you", "!")
        raise OSError("too late")

    bus.register_direct_handler("you", handle)
    assert await bus.request("me", "you", "?") == "!"


@pytest.mark.asyncio
async def test_answers_find_the_request_they_belong_to(bus: PluginMessageBus) -> None:
    async def answer(message: PluginMessage) -> Any:
        await asyncio.sleep(0.01 * (3 - message.data))
        return message.data

    bus.register_direct_handler("you", answer)
    assert await asyncio.gather(*(bus.request("me", "you", number) for number in range(4))) == [0, 1, 2, 3]


@pytest.mark.asyncio
async def test_a_failing_responder_is_told_to_the_one_who_asks(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", failing)
    with pytest.raises(RemoteError, match="disk gone") as error:
        await bus.request("me", "you", 1)
    assert (error.value.plugin, error.value.error_type) == ("you", "OSError")
    assert 'raise OSError("disk gone")' in error.value.traceback
    assert bus.pending_requests == {}


@pytest.mark.asyncio
async def test_a_responder_that_gives_up_by_itself_is_told_at_once(bus: PluginMessageBus) -> None:
    async def give_up(message: PluginMessage) -> None:
        raise asyncio.CancelledError

    bus.register_direct_handler("you", give_up)
    with pytest.raises(RequestCancelled, match="the handler of 'you' gave up"):
        await asyncio.wait_for(bus.request("me", "you", 1), 5)
    assert bus.pending_requests == {}


@pytest.mark.asyncio
async def test_a_request_without_answer_ends_at_its_deadline_and_its_handler_is_cancelled(
    bus: PluginMessageBus,
) -> None:
    ended = asyncio.Event()

    async def dawdle(message: PluginMessage) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    bus.register_direct_handler("you", dawdle)
    began = time.monotonic()
    with pytest.raises(RequestTimeout, match=r"'you' did not answer within 0.05 s") as error:
        await bus.request("me", "you", 1, timeout=0.05)
    assert isinstance(error.value, TimeoutError)
    assert time.monotonic() - began < 5
    await asyncio.wait_for(ended.wait(), 5)
    assert bus.pending_requests == {}


@pytest.mark.asyncio
async def test_a_handler_that_swallows_its_cancellation_does_not_hold_up_the_one_who_asks(
    bus: PluginMessageBus,
) -> None:
    release = asyncio.Event()

    async def stubborn(message: PluginMessage) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await release.wait()

    bus.register_direct_handler("you", stubborn)
    with pytest.raises(RequestTimeout):
        await asyncio.wait_for(bus.request("me", "you", 1, timeout=0.05), 5)
    release.set()


@pytest.mark.asyncio
async def test_a_response_that_comes_too_late_is_dropped(bus: PluginMessageBus) -> None:
    waiting: list[PluginMessage] = []
    bus.register_direct_handler("you", waiting.append)
    with pytest.raises(RequestTimeout):
        await bus.request("me", "you", 1, timeout=0)
    for message in (*waiting, PluginMessage("me", MessageType.DIRECT, 1)):
        bus.respond(message, "you", "!")


@pytest.mark.asyncio
async def test_a_request_that_is_given_up_leaves_nothing_waiting(bus: PluginMessageBus) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def dawdle(message: PluginMessage) -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    bus.register_direct_handler("you", dawdle)
    asking = asyncio.create_task(bus.request("me", "you", 1))
    await began.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(ended.wait(), 5)
    assert bus.pending_requests == {}


def test_the_bus_belongs_to_the_loop_that_first_sent(bus: PluginMessageBus) -> None:
    with asyncio.Runner() as host:
        host.run(bus.broadcast("me", "news", None))
        with asyncio.Runner() as other, pytest.raises(WrongLoop, match="belongs to the host's event loop") as error:
            other.run(bus.broadcast("me", "news", None))
        assert "context.run" in str(error.value.fix)
        asyncio.set_event_loop(host.get_loop())
        host.run(bus.broadcast("me", "news", None))


def test_the_bus_goes_on_with_another_loop_once_its_own_is_closed(bus: PluginMessageBus) -> None:
    bus.register_direct_handler("you", lambda message: message.data)
    assert asyncio.run(bus.request("me", "you", 1)) == 1
    assert asyncio.run(bus.request("me", "you", 2)) == 2
