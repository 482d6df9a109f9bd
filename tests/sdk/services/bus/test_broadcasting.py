"""Broadcasts: who hears them, in which order, and what becomes of handlers that fail, wait or go."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from localagent.errors import HandlerPaused, PluginTimeout, TooManyHops, WrongLoop
from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus
from localagent.services.bus.flight import EAGER
from localagent.services.bus.travel import HOP_LIMIT

pytestmark = pytest.mark.asyncio


@pytest.fixture
def bus() -> PluginMessageBus:
    return PluginMessageBus()


async def exits(message: PluginMessage) -> None:
    raise SystemExit(3)


async def exits_later(message: PluginMessage) -> None:
    await asyncio.sleep(0.01)
    raise SystemExit(3)


def fails(message: PluginMessage) -> None:
    raise OSError("disk gone")


def stops(message: PluginMessage) -> None:
    raise StopIteration


def cancels(message: PluginMessage) -> None:
    raise asyncio.CancelledError


def leaves(message: PluginMessage) -> None:
    raise SystemExit(3)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def fails_without_words(message: PluginMessage) -> None:
    raise Unspeakable


@pytest.mark.parametrize("fault", [exits, exits_later, fails, stops, cancels, leaves, fails_without_words])
@pytest.mark.parametrize("blocking", [False, True])
async def test_of_five_handlers_the_others_hear_when_the_second_raises(
    bus: PluginMessageBus, fault: Callable[[PluginMessage], Any], *, blocking: bool
) -> None:
    heard: list[int] = []

    async def waits(message: PluginMessage) -> None:
        await asyncio.sleep(0)
        heard.append(3)

    if blocking and asyncio.iscoroutinefunction(fault):
        pytest.skip("only sync handlers block")
    bus.subscribe("news", lambda message: heard.append(1))
    bus.subscribe("news", fault, blocking=blocking)
    bus.subscribe("news", waits)
    bus.subscribe("news", lambda message: heard.append(4))
    bus.subscribe("news", lambda message: heard.append(5))
    receipt = await bus.broadcast("me", "news", None)
    assert receipt == {"matched": 5, "delivered": 4, "failed": 1, "timed_out": 0}
    assert sorted(heard) == [1, 3, 4, 5]


async def test_a_real_ctrl_c_passes_through(bus: PluginMessageBus) -> None:
    def interrupted(message: PluginMessage) -> None:
        raise KeyboardInterrupt

    bus.subscribe("news", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await bus.broadcast("me", "news", None)


async def test_a_handler_that_is_not_done_in_time_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    bus = PluginMessageBus(limit=0.05)
    release = asyncio.Event()

    async def stubborn(message: PluginMessage) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    bus.subscribe("news", stubborn, owner="slow")
    bus.subscribe("news", lambda message: None)
    receipt = await bus.broadcast("me", "news", None)
    assert receipt == {"matched": 2, "delivered": 1, "failed": 0, "timed_out": 1}
    assert bus.counts["slow"].timed_out == 1
    assert "took longer than 0.05 s" in caplog.text
    release.set()


async def test_a_guards_time_limit_counts_as_timed_out(bus: PluginMessageBus) -> None:
    def late(message: PluginMessage) -> None:
        raise PluginTimeout("too late", plugin="slow", step="handler of 'news'")

    bus.subscribe("news", late)
    assert (await bus.broadcast("me", "news", None))["timed_out"] == 1


async def test_cancelling_the_publisher_cancels_the_handlers(bus: PluginMessageBus) -> None:
    cancelled: list[str] = []
    began = asyncio.Event()

    async def dawdle(message: PluginMessage) -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("dawdle")
            raise

    bus.subscribe("news", dawdle)
    publishing = asyncio.create_task(bus.broadcast("me", "news", None))
    await began.wait()
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    await asyncio.sleep(0)
    assert cancelled == ["dawdle"]


async def test_a_publisher_that_is_cancelled_before_handlers_begin_leaves_nothing_behind(bus: PluginMessageBus) -> None:
    async def handler(message: PluginMessage) -> None:
        await asyncio.sleep(60)

    bus.subscribe("news", handler)
    publishing = asyncio.create_task(bus.broadcast("me", "news", None))
    asyncio.get_running_loop().call_soon(publishing.cancel)
    with pytest.raises(asyncio.CancelledError):
        await publishing
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_handler_is_a_task_of_its_own(bus: PluginMessageBus) -> None:
    publisher = asyncio.current_task()
    seen: list[object] = []

    async def handler(message: PluginMessage) -> None:
        task = asyncio.current_task()
        assert task is not None
        assert task is not publisher
        async with asyncio.timeout(0.01) as limit:
            await asyncio.sleep(60)
        seen.append(limit)

    async def times_out(message: PluginMessage) -> None:
        try:
            await handler(message)
        except TimeoutError:
            seen.append("timed out")
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)

    bus.subscribe("news", times_out)
    assert (await bus.broadcast("me", "news", None))["failed"] == 1
    assert seen == ["timed out"]
    assert publisher is not None
    assert not publisher.cancelling()


@pytest.mark.skipif(not EAGER, reason="tasks begin eagerly from Python 3.12 on")
async def test_a_handler_that_does_not_wait_costs_no_turn_of_the_loop(bus: PluginMessageBus) -> None:
    turns: list[str] = []

    async def handler(message: PluginMessage) -> None:
        turns.append("handled")

    bus.subscribe("news", handler)
    asyncio.get_running_loop().call_soon(turns.append, "next turn")
    await bus.broadcast("me", "news", None)
    assert turns == ["handled"]


async def test_one_publishers_messages_reach_each_subscriber_in_order(bus: PluginMessageBus) -> None:
    heard: dict[str, list[int]] = {kind: [] for kind in ("sync", "async", "queued", "blocking")}

    def note(kind: str) -> Callable[[PluginMessage], None]:
        return lambda message: heard[kind].append(message.data)

    async def listen(message: PluginMessage) -> None:
        heard["async"].append(message.data)
        await asyncio.sleep(0)

    bus.subscribe("news", note("sync"))
    bus.subscribe("news", listen)
    bus.subscribe("news", note("queued"), queue=1000)
    bus.subscribe("news", note("blocking"), blocking=True)
    for number in range(50):
        bus.publish_nowait("me", "news", number)
    publishing = [asyncio.create_task(bus.broadcast("me", "news", number)) for number in range(50, 100)]
    await asyncio.gather(*publishing)
    await bus.drain(10)
    assert {kind: numbers == list(range(100)) for kind, numbers in heard.items()} == dict.fromkeys(heard, True)


async def test_messages_wait_in_order_while_plugins_are_loaded_for_their_topic(bus: PluginMessageBus) -> None:
    heard: list[int] = []
    loaded: list[str] = []

    async def activate(topic: str) -> None:
        loaded.append(topic)
        await asyncio.sleep(0.01)
        bus.subscribe(topic, lambda message: heard.append(message.data))
        # What is loaded may send the very topic while it starts, and must not wait for itself.
        await bus.broadcast("loaded", topic, -1)

    async def wake(recipient: str) -> None: ...

    bus.load_on_demand(activate, wake)
    first = asyncio.create_task(bus.broadcast("me", "news", 0))
    await asyncio.sleep(0)
    second = asyncio.create_task(bus.broadcast("me", "news", 1))
    await asyncio.sleep(0)
    bus.publish_nowait("me", "news", 2)
    await first
    bus.publish_nowait("me", "news", 3)
    await second
    await bus.drain(5)
    bus.publish_nowait("me", "news", 4)
    assert (heard, loaded) == ([-1, 0, 1, 2, 3, 4], ["news"])


async def test_who_subscribes_during_a_broadcast_hears_only_later_ones(bus: PluginMessageBus) -> None:
    heard: list[Any] = []

    def subscribe(message: PluginMessage) -> None:
        if not heard:
            bus.subscribe("news", lambda message: heard.append(message.data))

    bus.subscribe("news", subscribe)
    await bus.broadcast("me", "news", 1)
    assert heard == []
    await bus.broadcast("me", "news", 2)
    assert 1 not in heard
    assert 2 in heard


async def test_an_async_subscriber_that_is_ended_during_a_broadcast_is_not_begun(bus: PluginMessageBus) -> None:
    heard: list[str] = []
    endings: list[Callable[[], None]] = []

    async def second(message: PluginMessage) -> None:
        heard.append("second")

    async def first(message: PluginMessage) -> None:
        endings[0]()

    bus.subscribe("news", first)
    endings.append(bus.subscribe("news", second))
    receipt = await bus.broadcast("me", "news", None)
    assert heard == []
    assert receipt == {"matched": 1, "delivered": 1, "failed": 0, "timed_out": 0}


async def test_a_subscription_that_ended_keeps_nothing_of_its_handler_alive(bus: PluginMessageBus) -> None:
    class Listener:
        def hear(self, message: PluginMessage) -> None: ...

        async def wait(self, message: PluginMessage) -> None:
            await asyncio.sleep(0)

    listener = Listener()
    handlers = (listener.hear, listener.wait)
    for handler in handlers:
        bus.subscribe("news", handler, owner="gone")
        bus.subscribe("news.*", handler, owner="gone", queue=3)
    bus.register_direct_handler("gone", listener.hear)
    await bus.broadcast("me", "news", None)
    await bus.broadcast("me", "news.late", None)
    await bus.drain(5)
    bus.forget("gone")
    bus.dismiss("gone")
    assert bus.subscribers == {}
    alive = weakref.ref(listener)
    del listener, handlers, handler
    await asyncio.sleep(0)
    gc.collect()
    assert alive() is None


async def test_only_an_owners_subscriptions_are_forgotten(bus: PluginMessageBus) -> None:
    bus.subscribe("news", fails, owner="one")
    bus.subscribe("news", leaves, owner="other")
    bus.forget("one")
    assert bus.subscribers == {"news": (leaves,)}


async def test_a_handler_that_publishes_what_it_handles_is_stopped_and_others_go_on(
    bus: PluginMessageBus, caplog: pytest.LogCaptureFixture
) -> None:
    hops: list[int] = []
    heard: list[str] = []

    async def echo(message: PluginMessage) -> None:
        hops.append(message.hops)
        await bus.broadcast("echo", message.topic, None)

    bus.subscribe("echo", echo)
    bus.subscribe("news", lambda message: heard.append("news"))
    receipt = await bus.broadcast("me", "echo", None)
    await bus.broadcast("me", "news", None)
    assert hops == list(range(HOP_LIMIT + 1))
    assert receipt["delivered"] == 1
    assert heard == ["news"]
    assert caplog.text.count("16 messages caused each other, the last about the topic 'echo'") == 1


async def test_a_handler_that_publishes_what_it_handles_without_waiting_is_stopped_too(bus: PluginMessageBus) -> None:
    hops: list[int] = []
    stopped: list[TooManyHops] = []

    def echo(message: PluginMessage) -> None:
        hops.append(message.hops)
        try:
            bus.publish_nowait("echo", message.topic, None)
        except TooManyHops as error:
            stopped.append(error)

    bus.subscribe("echo", echo, queue=4)
    bus.publish_nowait("me", "echo", None)
    await bus.drain(5)
    assert hops == list(range(HOP_LIMIT + 1))
    assert len(stopped) == 1


async def test_a_message_tells_what_caused_it(bus: PluginMessageBus) -> None:
    messages: list[PluginMessage] = []

    async def on_cause(message: PluginMessage) -> None:
        messages.append(message)
        await bus.broadcast("middle", "effect", None)

    bus.subscribe("cause", on_cause)
    bus.subscribe("effect", messages.append)
    await bus.broadcast("me", "cause", None)
    cause, effect = messages
    assert (effect.causation_id, effect.hops, cause.causation_id, cause.hops) == (cause.id, 1, None, 0)


async def test_a_failure_is_logged_once_then_counted(bus: PluginMessageBus, caplog: pytest.LogCaptureFixture) -> None:
    healthy = iter(range(100))

    def sometimes(message: PluginMessage) -> None:
        if next(healthy) % 2:
            raise OSError("disk gone")

    bus.subscribe("news", sometimes, owner="odd")
    for _ in range(20):
        await bus.broadcast("me", "news", None)
    assert [record.message for record in caplog.records] == ["odd: news: OSError: disk gone"]
    assert (bus.counts["odd"].failed, bus.counts["odd"].delivered) == (10, 10)


async def test_failures_that_differ_each_time_do_not_fill_the_memory(
    bus: PluginMessageBus, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = iter(range(1000))

    def differs(message: PluginMessage) -> None:
        number = next(numbers)
        if number % 2:
            raise OSError(number)

    bus.subscribe("news", differs)
    for _ in range(800):
        await bus.broadcast("me", "news", None)
    assert len(caplog.records) == 257


@pytest.mark.parametrize("is_async", [False, True])
async def test_three_failures_in_a_row_pause_a_subscription_visibly(
    caplog: pytest.LogCaptureFixture, *, is_async: bool
) -> None:
    paused: list[tuple[str, str, str]] = []
    bus = PluginMessageBus(on_pause=lambda *told: paused.append(told))
    plan = iter("bbgbbbg")
    calls: list[str] = []

    def sync(message: PluginMessage) -> None:
        calls.append(next(plan))
        if calls[-1] == "b":
            raise OSError("disk gone")

    async def waits(message: PluginMessage) -> None:
        await asyncio.sleep(0)
        sync(message)

    bus.subscribe("news", waits if is_async else sync, owner="odd")
    receipts = [await bus.broadcast("me", "news", None) for _ in range(8)]
    assert "".join(calls) == "bbgbbb"
    assert [receipt["failed"] for receipt in receipts] == [1, 1, 0, 1, 1, 1, 1, 1]
    assert paused == [("odd", "handler of 'news'", "disk gone")]
    assert caplog.text.count("HandlerPaused") == 1


async def test_without_a_host_pauses_are_logged(bus: PluginMessageBus, caplog: pytest.LogCaptureFixture) -> None:
    bus.register_direct_handler("odd", fails)
    for expected in (OSError, OSError, OSError, HandlerPaused, HandlerPaused):
        with pytest.raises(expected):
            await bus.send_direct("me", "odd", None)
    assert "odd: the handler of direct messages failed too often and is paused (disk gone)" in caplog.text


async def test_a_blocking_handler_does_not_hold_up_the_loop(bus: PluginMessageBus) -> None:
    release, seen = threading.Event(), list[object]()

    def blocks(message: PluginMessage) -> None:
        seen.append(threading.current_thread())
        assert release.wait(30)

    bus.subscribe("news", blocks, blocking=True)
    publishing = asyncio.create_task(bus.broadcast("me", "news", None))
    await asyncio.sleep(0.01)
    assert not publishing.done()
    release.set()
    assert (await publishing)["delivered"] == 1
    assert seen[0] is not threading.main_thread()
    await bus.close()


async def test_many_blocking_handlers_share_a_few_threads(bus: PluginMessageBus) -> None:
    threads: set[int] = set()

    def blocks(message: PluginMessage) -> None:
        threads.add(threading.get_ident())
        time.sleep(0.001)

    for _ in range(40):
        bus.subscribe("news", blocks, blocking=True)
    assert (await bus.broadcast("me", "news", None))["delivered"] == 40
    assert len(threads) <= 4
    await bus.close()


async def test_counts_name_the_slowest_handler(bus: PluginMessageBus) -> None:
    async def slow(message: PluginMessage) -> None:
        await asyncio.sleep(0.02)

    bus.subscribe("news", slow, owner="slow")
    bus.subscribe("news", lambda message: None, owner="fast")
    for _ in range(2):
        await bus.broadcast("me", "news", None)
    slow_one, me = bus.counts["slow"], bus.counts["me"]
    assert slow_one.slowest >= 0.01
    assert slow_one.slowest_topic == "news"
    assert (slow_one.delivered, bus.counts["fast"].delivered, me.published) == (2, 2, 2)
    assert bus.counts["fast"].slowest < slow_one.slowest


async def test_a_sync_handler_that_blocks_is_timed_from_its_second_time_on(bus: PluginMessageBus) -> None:
    bus.subscribe("news", lambda message: time.sleep(0.005), owner="slow")
    bus.subscribe("news", lambda message: None, owner="fast")
    for _ in range(2):
        await bus.broadcast("me", "news", None)
    assert bus.counts["slow"].slowest >= 0.005 > bus.counts["fast"].slowest


CALLS: dict[str, Callable[[PluginMessageBus], Any]] = {
    "subscribe": lambda bus: bus.subscribe("news", print),
    "register_direct_handler": lambda bus: bus.register_direct_handler("other", print),
    "broadcast": lambda bus: asyncio.run(bus.broadcast("me", "news", 1)),
    "publish_nowait": lambda bus: bus.publish_nowait("me", "news", 1),
    "send_direct": lambda bus: asyncio.run(bus.send_direct("me", "you", 1)),
    "request": lambda bus: asyncio.run(bus.request("me", "you", 1)),
}


@pytest.mark.parametrize("method", CALLS)
async def test_a_call_from_another_thread_names_the_variant_that_may_be_called_there(
    bus: PluginMessageBus, method: str
) -> None:
    await bus.broadcast("me", "news", None)
    with pytest.raises(WrongLoop, match=f"{method} was called elsewhere") as caught:
        await asyncio.to_thread(CALLS[method], bus)
    assert f"use {method}_threadsafe in another thread" in str(caught.value.fix)
    assert hasattr(bus, f"{method}_threadsafe")


async def test_the_threadsafe_variants_do_what_their_names_say(bus: PluginMessageBus) -> None:
    heard: list[Any] = []
    with pytest.raises(WrongLoop, match="belongs to no event loop yet"):
        bus.broadcast_threadsafe("me", "news", 0)
    await bus.broadcast("me", "news", 0)

    def answer_later(message: PluginMessage) -> None:
        if message.data == "later":
            threading.Thread(target=bus.respond_threadsafe, args=(message, "you", "!")).start()

    def elsewhere() -> Any:
        end = bus.subscribe_threadsafe("news", lambda message: heard.append(message.data)).result(5)
        bus.register_direct_handler_threadsafe("you", answer_later).result(5)
        assert bus.broadcast_threadsafe("me", "news", 1).result(5)["delivered"] == 1
        bus.publish_nowait_threadsafe("me", "news", 2).result(5)
        bus.send_direct_threadsafe("me", "you", 3).result(5)
        bus.call_threadsafe(end).result(5)
        return bus.request_threadsafe("me", "you", "later", 5).result(5)

    assert await asyncio.to_thread(elsewhere) == "!"
    assert heard == [1, 2]
    assert bus.subscribers == {}
