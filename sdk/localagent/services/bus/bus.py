"""The message bus of one host: subscriptions and responders, and the ways to reach them."""

from __future__ import annotations

import functools
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import (
    BusClosed,
    MessageError,
    NoResponder,
    NotReadyInTime,
    PluginNotAvailable,
    RequestCancelled,
    RequestTimeout,
    WrongLoop,
)
from localagent.plugins.messages import MessageType, PluginMessage, next_message_id
from localagent.services.bus.counts import MessageCounts, Tallies
from localagent.services.bus.frozen import frozen
from localagent.services.bus.hearers import Hearer, describe
from localagent.services.bus.routes import Route, Routes
from localagent.services.bus.travel import (
    Journey,
    check_circle,
    deadline_after,
    hops_after,
    rehearsing,
    under_way,
    waiting_after,
)

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures
    from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
    from typing import TypedDict, TypeVar, Unpack

    from localagent.services.bus.delivery import Delivery
    from localagent.services.bus.hearers import Handler
    from localagent.services.bus.mailbox import Overflow
    from localagent.services.bus.pool import HandlerPool

    OnDemand = Callable[[str], Awaitable[None]]
    T = TypeVar("T")

    class Options(TypedDict, total=False):
        """The options of `PluginMessageBus.subscribe`."""

        queue: int | None
        overflow: Overflow
        blocking: bool
        owner: str


DEFAULT_TIMEOUT = 30.0
"""Seconds a request waits when its sender names no deadline, and a handler of a broadcast may take."""

_log = logging.getLogger("localagent.bus")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a bus that closed did not deliver.

    Attributes:
        plugin: whose handler did not hear it; empty for what nobody in particular was to hear.
        subject: the topic or pattern.
        number: how many messages.
    """

    plugin: str
    subject: str
    number: int


class PluginMessageBus:
    """Carries messages between plugins on one event loop: the one on which something is sent first.

    Args:
        limit: seconds a handler of a broadcast may take; None where handlers have limits of their own.
        strict: whether data that are no JSON values are refused, as is done in development mode.
        on_pause: called with owner, handler and reason when a handler failed so often that it is paused.
    """

    def __init__(
        self,
        *,
        limit: float | None = DEFAULT_TIMEOUT,
        strict: bool = False,
        on_pause: Callable[[str, str, str], object] | None = None,
    ) -> None:
        self._limit = limit
        self._strict = strict
        self._on_pause = on_pause or _tell_pause
        self._routes = Routes()
        self._responders: dict[str, Hearer] = {}
        self._tallies: dict[str, Tallies] = {}
        self._delivery: Delivery | None = None
        self._pool: HandlerPool | None = None
        self._activate: OnDemand | None = None
        self._wake: OnDemand | None = None
        self._is_initialising: Callable[[str], bool] = _never
        self._passes: Callable[[], bool] | None = None
        self._standing_by: dict[str, Hearer] = {}
        self._is_closed = False

    def load_on_demand(
        self, activate: OnDemand, wake: OnDemand, is_initialising: Callable[[str], bool] | None = None
    ) -> None:
        """Let plugins that are not loaded yet be reached.

        Args:
            activate: called with a topic before its first broadcast.
            wake: called with a recipient for whom nobody answers, or not yet; may raise why it cannot be had.
            is_initialising: whether a recipient is not ready yet and can be waited for.
        """
        self._activate, self._wake = activate, wake
        self._is_initialising = is_initialising or _never
        self._routes.open_again()

    def hold(self, passes: Callable[[], bool]) -> None:
        """Ask `activate` before each broadcast, until `release`, but where `passes` says that the sender goes on."""
        self._passes = passes
        self._routes.open_again()

    def release(self) -> None:
        """End what `hold` began; what waits is told in order."""
        self._passes = None
        self._routes.open_again()

    def stand_by(self, plugin_name: str, handler: Handler) -> Callable[[], None]:
        """Let `handler` answer those who are rehearsing, before it answers for the plugin; gives what ends it."""
        added = self._standing_by[plugin_name] = Hearer(plugin_name, "", handler, self._tallies_of(plugin_name))
        return lambda: _remove(self._standing_by, plugin_name, added)

    def hears(self, topic: str, owners: Collection[str]) -> bool:
        """Whether one of these plugins hears a topic."""
        return any(hearer.owner in owners for hearer in self._routes.to(topic).hearers)

    def busy(self, owners: Collection[str]) -> frozenset[str]:
        """Those of these plugins that are asked something or have mail."""
        asked = self._delivery.requests.recipients if self._delivery is not None else ()
        with_mail = (hearer.owner for hearer in self._routes if hearer.mail is not None and len(hearer.mail))
        return frozenset(name for name in (*asked, *with_mail) if name in owners)

    @property
    def subscribers(self) -> Mapping[str, tuple[Handler, ...]]:
        """Handlers by topic or pattern, as a copy."""
        return self._routes.handlers

    @property
    def direct_handlers(self) -> Mapping[str, Handler]:
        """The handler of each plugin that answers direct messages, as a copy."""
        return {name: responder.handler for name, responder in self._responders.items()}

    @property
    def pending_requests(self) -> Mapping[str, asyncio.Future[Any]]:
        """Requests that wait for their answer by correlation id, as a copy."""
        return self._delivery.requests.pending if self._delivery is not None else {}

    @property
    def counts(self) -> Mapping[str, MessageCounts]:
        """The messages of each plugin that sent or heard any, by name; handlers of nobody in particular are ``""``."""
        self._routes.credit()
        queued: dict[str, int] = {}
        for hearer in self._routes:
            queued[hearer.owner] = queued.get(hearer.owner, 0) + (len(hearer.mail) if hearer.mail is not None else 0)
        pending = queued.copy()
        for recipient in self._delivery.requests.recipients if self._delivery is not None else ():
            pending[recipient] = pending.get(recipient, 0) + 1
        told = {
            name: tallies.report(pending=pending.get(name, 0), queued=queued.get(name, 0))
            for name, tallies in self._tallies.items()
        }
        return {name: counts for name, counts in told.items() if counts != MessageCounts()}

    def subscribe(
        self,
        message_type: str,
        handler: Handler,
        *,
        queue: int | None = None,
        overflow: Overflow = "block",
        blocking: bool = False,
        owner: str = "",
    ) -> Callable[[], None]:
        """Call `handler` for each broadcast of a topic; returns the function that ends it.

        Args:
            message_type: the topic; ``*`` stands for one segment, ``**`` at the end for the rest.
            handler: sync or async.
            queue: give it a mailbox with room for so many messages and a task that hands them over one by one, so
                that publishers need not wait for it.
            overflow: whether a full mailbox makes publishers wait or drops its oldest message.
            blocking: whether a sync handler blocks, and so is called in a thread.
            owner: the plugin whose handler it is.

        Raises:
            InvalidTopic: the topic is not written as one can be.
            WrongLoop: called in another thread than the bus lives in.
        """
        self._check_thread("subscribe")
        tallies = self._tallies_of(owner)
        hearer = Hearer(owner, message_type, self.in_pool(handler) if blocking else handler, tallies)
        heard = hearer if queue is None else self._queued(hearer, queue, overflow)
        self._routes.add(heard)
        return lambda: self._routes.remove(heard)

    def check_subscription(self, message_type: str, queue: int | None, overflow: str) -> None:
        """See that `subscribe` would take this, for a subscription that is to begin later.

        Raises:
            InvalidTopic: as `subscribe`.
            ValueError: as `subscribe`.
            WrongLoop: as `subscribe`.
        """
        from localagent.services.bus.topics import check_pattern

        self._check_thread("subscribe")
        check_pattern(message_type)
        if queue is not None:
            from localagent.services.bus.mailbox import check_queue

            check_queue(queue, overflow)

    def register_direct_handler(
        self, plugin_name: str, handler: Handler, *, blocking: bool = False
    ) -> Callable[[], None]:
        """Let `handler` answer what is sent to `plugin_name`; returns the function that ends it.

        Raises:
            MessageError: another handler answers for that plugin already.
            WrongLoop: called in another thread than the bus lives in.
        """
        self._check_thread("register_direct_handler")
        present = self._responders.get(plugin_name)
        if present is not None:
            raise MessageError(
                f"{describe(present.handler)} answers for '{plugin_name}' already, so {describe(handler)} cannot",
                plugin=plugin_name,
            )
        called = self.in_pool(handler) if blocking else handler
        added = Hearer(plugin_name, "", called, self._tallies_of(plugin_name))
        self._responders[plugin_name] = added

        def unregister() -> None:
            if self._responders.get(plugin_name) is added:
                self.dismiss(plugin_name)

        return unregister

    def in_pool(self, handler: Handler) -> Handler:
        """A sync handler as an async one that calls it in one of a few threads, one message after the other."""
        if self._pool is None:
            from localagent.services.bus.pool import HandlerPool

            self._pool = HandlerPool()
        return self._pool.wrap(handler)

    def dismiss(self, plugin_name: str) -> None:
        """Let nobody answer for a plugin any more; whoever asked it hears so at once."""
        responder = self._responders.pop(plugin_name, None)
        if responder is not None:
            responder.end()
        if self._delivery is not None:
            from localagent.services.bus.requests import gone

            self._delivery.requests.fail(gone(plugin_name), of=plugin_name)

    def forget(self, owner: str) -> None:
        """End all subscriptions of a plugin."""
        for hearer in self._routes:
            if hearer.owner == owner:
                self._routes.remove(hearer)

    async def broadcast(self, sender: str, message_type: str, data: Any) -> dict[str, int]:
        """Tell every subscriber of the topic, concurrently, and wait until all are done.

        Returns:
            ``{"matched": …, "delivered": …, "failed": …, "timed_out": …}``; a handler's failure never raises here.
            A subscriber with a mailbox counts as delivered when the message is in it.

        Raises:
            BusClosed: the bus was closed.
            InvalidTopic: the topic is not written as one can be.
            TooManyHops: this is the last of too many messages that caused each other.
            UnsendableData: the data contain themselves, or are refused in development mode.
            WrongLoop: called on another loop than the bus lives on.
        """
        delivery = self._here("broadcast")
        route = self._routes.to(message_type)
        cause = under_way.get()
        message = self._broadcast_of(sender, message_type, data, cause)
        if self._activate is not None and self._is_held_up(route, delivery):
            await delivery.open(route, self._activate, is_for_good=self._passes is None)
            route = self._routes.to(message_type)
        flight = delivery.launch(route, message, Journey(message, waiting_after(cause)))
        if not flight.is_landed:
            await flight.land()
        return flight.receipt

    def publish_nowait(self, sender: str, message_type: str, data: Any) -> None:
        """Tell every subscriber of the topic and wait for none; sync handlers are called before this returns.

        A full mailbox whose publishers should wait drops the message, and counts that.

        Raises:
            MessageError: as `broadcast`.
            WrongLoop: as `broadcast`.
        """
        delivery = self._here("publish_nowait")
        route = self._routes.to(message_type)
        message = self._broadcast_of(sender, message_type, data, under_way.get(), is_awaited=False)
        if self._activate is not None and self._is_held_up(route, delivery):
            delivery.go_on(self._publish_when_open(delivery, message, self._activate), message_type)
        else:
            self._publish(delivery, route, message)

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """Tell one plugin and wait until its handler is done; what that raises is raised here.

        Raises:
            NoResponder: nobody answers for `recipient`.
            MessageError: as `broadcast`.
            WrongLoop: as `broadcast`.
        """
        delivery = self._here("send_direct")
        cause = under_way.get()
        hops = hops_after(cause)
        responder = self._responders.get(recipient)
        if responder is None or self._must_wait_for(recipient, sender):
            responder = await self._woken(recipient)
        self._tallies_of(sender).published += 1
        message = PluginMessage(
            sender,
            MessageType.DIRECT,
            frozen(data, strict=self._strict),
            recipient,
            causation_id=cause.message.id if cause is not None else None,
            deadline=deadline_after(cause),
            hops=hops,
        )
        await delivery.tell(responder, message, Journey(message, waiting_after(cause)))

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:  # noqa: ASYNC109 - the guide's signature
        """Ask one plugin; its handler answers by `respond` or by returning a value that is not None.

        Args:
            sender: who asks.
            recipient: who is asked.
            data: the question.
            timeout: seconds to wait; within the handler of another request at most what that has left.

        Returns:
            the answer; its dicts and lists belong to the caller.

        Raises:
            NoResponder: nobody answers for `recipient`.
            NotReadyInTime: it was still initialising when the time was over.
            RequestTimeout: no answer in time; the handler is cancelled, and let go if it does not care.
            WouldDeadlock: `recipient` waits for `sender`, over others or not.
            RemoteError: the handler raised.
            RequestCancelled: the handler gave up, or the bus was closed.
            PluginReloaded: the recipient went while it was asked.
            MessageError: as `broadcast`.
            WrongLoop: as `broadcast`.
        """
        delivery = self._here("request")
        cause = under_way.get()
        hops = hops_after(cause)
        now = delivery.loop.time()
        due = now + timeout
        if cause is not None:
            check_circle(cause, sender, recipient)
            left = deadline_after(cause)
            due = due if left is None else min(due, left)
        if not now < due < math.inf:
            raise _no_time(recipient, due)
        responder = self._responders.get(recipient)
        if responder is None or self._must_wait_for(recipient, sender):
            responder = await self._woken_in_time(recipient, due - now)
        self._tallies_of(sender).published += 1
        number = next_message_id()
        message = PluginMessage(
            sender,
            MessageType.REQUEST,
            frozen(data, strict=self._strict),
            recipient,
            number,
            id=number,
            causation_id=cause.message.id if cause is not None else None,
            deadline=due,
            hops=hops,
        )
        journey = Journey(message, (*waiting_after(cause), sender, recipient))
        return await delivery.requests.ask(responder, message, journey, due - now)

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """Answer a request; the first answer counts, a second or late one is dropped and counted.

        Raises:
            UnsendableData: as `broadcast`.
            WrongLoop: called in another thread than the bus lives in.
        """
        self._check_thread("respond")
        if self._strict:
            frozen(data, strict=True)
        number = original_message.correlation_id or ""
        if self._delivery is None or not self._delivery.requests.settle(number, data):
            self._tallies_of(sender).late += 1

    def subscribe_threadsafe(
        self, message_type: str, handler: Handler, **options: Unpack[Options]
    ) -> concurrent.futures.Future[Callable[[], None]]:
        """`subscribe` from another thread."""
        return self.call_threadsafe(functools.partial(self.subscribe, message_type, handler, **options))

    def register_direct_handler_threadsafe(
        self, plugin_name: str, handler: Handler, *, blocking: bool = False
    ) -> concurrent.futures.Future[Callable[[], None]]:
        """`register_direct_handler` from another thread."""
        register = functools.partial(self.register_direct_handler, plugin_name, handler, blocking=blocking)
        return self.call_threadsafe(register)

    def broadcast_threadsafe(
        self, sender: str, message_type: str, data: Any
    ) -> concurrent.futures.Future[dict[str, int]]:
        """`broadcast` from another thread."""
        return self.await_threadsafe(self.broadcast(sender, message_type, data))

    def publish_nowait_threadsafe(self, sender: str, message_type: str, data: Any) -> concurrent.futures.Future[None]:
        """`publish_nowait` from another thread."""
        return self.call_threadsafe(functools.partial(self.publish_nowait, sender, message_type, data))

    def send_direct_threadsafe(self, sender: str, recipient: str, data: Any) -> concurrent.futures.Future[None]:
        """`send_direct` from another thread."""
        return self.await_threadsafe(self.send_direct(sender, recipient, data))

    def request_threadsafe(
        self, sender: str, recipient: str, data: Any, timeout: float = DEFAULT_TIMEOUT
    ) -> concurrent.futures.Future[Any]:
        """`request` from another thread."""
        return self.await_threadsafe(self.request(sender, recipient, data, timeout))

    def respond_threadsafe(
        self, original_message: PluginMessage, sender: str, data: Any
    ) -> concurrent.futures.Future[None]:
        """`respond` from another thread."""
        return self.call_threadsafe(functools.partial(self.respond, original_message, sender, data))

    def call_threadsafe(self, function: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Call a function on the bus's loop from another thread; as the methods do whose names end so."""
        return self.await_threadsafe(_called(function))

    def await_threadsafe(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Await a coroutine on the bus's loop from another thread.

        Raises:
            WrongLoop: the bus belongs to no loop yet.
        """
        import asyncio

        if self._delivery is None:
            coroutine.close()
            raise WrongLoop(
                "the message bus belongs to no event loop yet",
                fix="send something on the host's event loop first: await bus.broadcast(...)",
            )
        return asyncio.run_coroutine_threadsafe(coroutine, self._delivery.loop)

    async def drain(self, within: float) -> None:
        """Wait, at most so many seconds, until mailboxes are empty and what nobody waits for was heard."""
        if self._delivery is not None and self._delivery.is_here():
            await self._delivery.drain(self._consumers, self._delivery.loop.time() + within)

    async def close(self, within: float = 1.0) -> tuple[Undelivered, ...]:
        """Take nothing more, fail the requests that wait, deliver what is on its way within so many seconds.

        Returns:
            what was not delivered; it is logged and counted as dropped, too.
        """
        self._is_closed = True
        delivery, left = self._delivery, list[Undelivered]()
        if delivery is not None and delivery.is_here():
            delivery.requests.fail(_closing())
            await self.drain(within)
            if number := delivery.stop():
                left.append(Undelivered("", "messages nobody waited for", number))
        for hearer in self._routes:
            if hearer.mail is not None and (number := len(hearer.mail)):
                left.append(Undelivered(hearer.owner, hearer.subject, number))
                hearer.tallies.drop(number)
                hearer.mail.discard()
                hearer.mail.stop()
        if self._pool is not None:
            self._pool.close()
        for each in left:
            _log.warning("%s: %d messages were not delivered (%s)", each.plugin or "bus", each.number, each.subject)
        return tuple(left)

    def _here(self, method: str) -> Delivery:
        """The delivery of the running loop, which the bus belongs to as long as it lives."""
        delivery = self._delivery
        if delivery is None or not delivery.is_here():
            delivery = self._settle_down(method)
        if self._is_closed:
            raise BusClosed("the message bus is closed, since its host ends")
        return delivery

    def _settle_down(self, method: str) -> Delivery:
        import asyncio

        from localagent.services.bus.delivery import Delivery
        from localagent.services.bus.failures import Complaints
        from localagent.services.bus.flight import Office

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise _wrong_loop(method) from None
        if self._delivery is not None and not self._delivery.loop.is_closed():
            raise _wrong_loop(method)
        self._delivery = Delivery(loop, Office(Complaints(), self._on_pause, self._limit))
        return self._delivery

    def _check_thread(self, method: str) -> None:
        if self._delivery is not None and self._delivery.is_elsewhere():
            raise _wrong_loop(method)

    def _tallies_of(self, plugin: str) -> Tallies:
        tallies = self._tallies.get(plugin)
        if tallies is None:
            tallies = self._tallies[plugin] = Tallies()
        return tallies

    def _broadcast_of(
        self, sender: str, topic: str, data: Any, cause: Journey | None, *, is_awaited: bool = True
    ) -> PluginMessage:
        hops = hops_after(cause)
        self._tallies_of(sender).published += 1
        return PluginMessage(
            sender,
            MessageType.BROADCAST,
            frozen(data, strict=self._strict),
            topic=topic,
            causation_id=cause.message.id if cause is not None else None,
            deadline=deadline_after(cause) if is_awaited else None,
            hops=hops,
        )

    def _publish(self, delivery: Delivery, route: Route, message: PluginMessage) -> None:
        flight = delivery.launch(route, message, Journey(message, ()), is_awaited=False)
        if not flight.is_landed:
            delivery.go_on(flight.land(), message.topic)

    async def _publish_when_open(self, delivery: Delivery, message: PluginMessage, activate: OnDemand) -> None:
        await delivery.open(self._routes.to(message.topic), activate, is_for_good=self._passes is None)
        self._publish(delivery, self._routes.to(message.topic), message)

    def _queued(self, hearer: Hearer, size: int, overflow: Overflow) -> Hearer:
        """A hearer that puts its messages into the mailbox of another one."""
        from localagent.services.bus.mailbox import Mailbox, check_queue

        check_queue(size, overflow)
        mailbox = Mailbox(hearer, size, overflow, self._hear)
        queued = Hearer(hearer.owner, hearer.subject, hearer.handler, hearer.tallies)
        queued.receive, queued.mail = mailbox.put, mailbox
        return queued

    async def _hear(self, hearer: Hearer, message: PluginMessage) -> None:
        """Hand a message from a mailbox over; nobody waits for that any more."""
        journey = Journey(message, ())
        journey.is_over = True
        if self._delivery is not None:
            await self._delivery.hear(hearer, message, journey)

    def _consumers(self) -> list[asyncio.Task[None]]:
        tasks = [hearer.mail.consumer for hearer in self._routes if hearer.mail is not None]
        return [task for task in tasks if task is not None and not task.done()]

    def _is_held_up(self, route: Route, delivery: Delivery) -> bool:
        """Whether a message waits until plugins are loaded for its topic, or until those that hear it are reloaded."""
        if route.is_open and not delivery.is_held_up(route.topic):
            return False
        return self._passes is None or not self._passes()

    def _must_wait_for(self, recipient: str, sender: str) -> bool:
        return recipient != sender and self._is_initialising(recipient)

    async def _woken(self, recipient: str) -> Hearer:
        """Who answers for a recipient that is perhaps only not loaded yet."""
        cause = None
        if self._wake is not None:
            try:
                await self._wake(recipient)
            except PluginNotAvailable as error:
                cause = error
        responder = self._standing_by.get(recipient) if rehearsing.get() else None
        responder = responder or self._responders.get(recipient)
        if responder is None:
            why = f": {cause.message}" if cause is not None else ""
            fix = cause.fix if cause is not None else None
            raise NoResponder(f"nobody answers for '{recipient}'{why}", plugin=recipient, fix=fix) from cause
        return responder

    async def _woken_in_time(self, recipient: str, seconds: float) -> Hearer:
        import asyncio

        try:
            async with asyncio.timeout(seconds):
                return await self._woken(recipient)
        except TimeoutError as error:
            message = f"'{recipient}' was not ready within {seconds:.3g} s"
            raise NotReadyInTime(message, plugin=recipient) from error


def _remove(hearers: dict[str, Hearer], name: str, hearer: Hearer) -> None:
    if hearers.get(name) is hearer:
        del hearers[name]


async def _called(function: Callable[[], T]) -> T:
    return function()


def _never(_: str) -> bool:
    return False


def _tell_pause(owner: str, handler: str, reason: str) -> None:
    _log.warning("%s: the %s failed too often and is paused (%s)", owner or "bus", handler, reason)


def _closing() -> RequestCancelled:
    return RequestCancelled("the message bus was closed before the answer came")


def _no_time(recipient: str, due: float) -> MessageError:
    """Why a request with that deadline is not even begun."""
    if due < math.inf:
        return RequestTimeout(f"no time was left to ask '{recipient}'", plugin=recipient)
    return MessageError(f"the request to '{recipient}' has no deadline: its timeout is no finite number of seconds")


def _wrong_loop(method: str) -> WrongLoop:
    return WrongLoop(
        f"the message bus belongs to the host's event loop, and {method} was called elsewhere",
        fix=f"use {method}_threadsafe in another thread; in a synchronous command use context.run(...), "
        "or make the command an async def",
    )
