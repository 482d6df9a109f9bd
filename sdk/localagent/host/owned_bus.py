"""The message bus as one plugin uses it: its handlers are guarded, and gone when it goes."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures
    from collections.abc import Callable, Mapping

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus import PluginMessageBus
    from localagent.services.bus.mailbox import Overflow

    Handler = Callable[[PluginMessage], Any]


class OwnedBus:
    """One plugin's view of the message bus. Signatures and errors are those of `PluginMessageBus`.

    Attributes:
        topics: the topics and patterns it ever subscribed to.
    """

    def __init__(self, host: Host, guard: Guard, ledger: Ledger) -> None:
        self.topics: set[str] = set()
        self._host = host
        self._guard = guard
        self._ledger = ledger

    @functools.cached_property
    def _bus(self) -> PluginMessageBus:
        """Made with the first use: most commands send nothing."""
        return self._host.message_bus

    @property
    def subscribers(self) -> Mapping[str, tuple[Handler, ...]]:
        """Handlers by topic or pattern, as a copy."""
        return self._bus.subscribers

    @property
    def direct_handlers(self) -> Mapping[str, Handler]:
        """The handler of each plugin that answers direct messages, as a copy."""
        return self._bus.direct_handlers

    @property
    def pending_requests(self) -> Mapping[str, asyncio.Future[Any]]:
        """Requests that wait for their answer, as a copy."""
        return self._bus.pending_requests

    def subscribe(
        self,
        message_type: str,
        handler: Handler,
        *,
        queue: int | None = None,
        overflow: Overflow = "block",
        blocking: bool = False,
    ) -> Callable[[], None]:
        """Call `handler` for each broadcast of a topic; returns the function that ends the subscription."""
        guarded = self._guarded(message_type, handler, blocking=blocking)
        owner = self._guard.plugin
        self._bus.check_subscription(message_type, queue, overflow)
        end = self._ledger.enter(
            lambda: self._bus.subscribe(message_type, guarded, queue=queue, overflow=overflow, owner=owner)
        )
        self.topics.add(message_type)
        return end

    def register_direct_handler(
        self, plugin_name: str, handler: Handler, *, blocking: bool = False
    ) -> Callable[[], None]:
        """Let `handler` answer what is sent to `plugin_name`; returns the function that ends it."""
        guarded = self._guarded("", handler, blocking=blocking)
        return self._ledger.enter(
            lambda: self._bus.register_direct_handler(plugin_name, guarded),
            rehearse=lambda: self._bus.stand_by(plugin_name, guarded),
        )

    async def broadcast(self, sender: str, message_type: str, data: Any) -> dict[str, int]:
        """Tell all subscribers of a topic: how many ``matched``, ``delivered``, ``failed``, ``timed_out``.

        Raises:
            InvalidTopic: the topic is one of the host's, or as the bus says.
        """
        self._check_topic(message_type)
        return await self._bus.broadcast(sender, message_type, data)

    def publish_nowait(self, sender: str, message_type: str, data: Any) -> None:
        """Tell all subscribers of a topic and wait for none.

        Raises:
            InvalidTopic: the topic is one of the host's, or as the bus says.
        """
        self._check_topic(message_type)
        self._bus.publish_nowait(sender, message_type, data)

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """Tell one plugin."""
        await self._bus.send_direct(sender, recipient, data)

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = 30) -> Any:  # noqa: ASYNC109 - the guide's signature
        """Ask one plugin and wait for its answer, at most `timeout` seconds."""
        return await self._bus.request(sender, recipient, data, timeout)

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """Answer a request."""
        self._bus.respond(original_message, sender, data)

    def subscribe_threadsafe(
        self, message_type: str, handler: Handler, **options: Any
    ) -> concurrent.futures.Future[Callable[[], None]]:
        """`subscribe`, with its options, from another thread."""
        return self._bus.call_threadsafe(functools.partial(self.subscribe, message_type, handler, **options))

    def register_direct_handler_threadsafe(
        self, plugin_name: str, handler: Handler, *, blocking: bool = False
    ) -> concurrent.futures.Future[Callable[[], None]]:
        """`register_direct_handler` from another thread."""
        register = functools.partial(self.register_direct_handler, plugin_name, handler, blocking=blocking)
        return self._bus.call_threadsafe(register)

    def broadcast_threadsafe(
        self, sender: str, message_type: str, data: Any
    ) -> concurrent.futures.Future[dict[str, int]]:
        """`broadcast` from another thread."""
        return self._bus.await_threadsafe(self.broadcast(sender, message_type, data))

    def publish_nowait_threadsafe(self, sender: str, message_type: str, data: Any) -> concurrent.futures.Future[None]:
        """`publish_nowait` from another thread."""
        return self._bus.call_threadsafe(functools.partial(self.publish_nowait, sender, message_type, data))

    def send_direct_threadsafe(self, sender: str, recipient: str, data: Any) -> concurrent.futures.Future[None]:
        """`send_direct` from another thread."""
        return self._bus.await_threadsafe(self.send_direct(sender, recipient, data))

    def request_threadsafe(
        self, sender: str, recipient: str, data: Any, timeout: float = 30
    ) -> concurrent.futures.Future[Any]:
        """`request` from another thread."""
        return self._bus.await_threadsafe(self.request(sender, recipient, data, timeout))

    def respond_threadsafe(
        self, original_message: PluginMessage, sender: str, data: Any
    ) -> concurrent.futures.Future[None]:
        """`respond` from another thread."""
        return self._bus.call_threadsafe(functools.partial(self.respond, original_message, sender, data))

    def _check_topic(self, topic: str) -> None:
        from localagent.services.bus.topics import check_not_reserved

        check_not_reserved(topic, plugin=self._guard.plugin)

    def _guarded(self, subject: str, handler: Handler, *, blocking: bool) -> Handler:
        from localagent.services.bus.hearers import step_of

        return guarded(self._guard, step_of(subject), self._bus.in_pool(handler) if blocking else handler)


def guarded(guard: Guard, step: str, handler: Handler) -> Handler:
    """`handler` called through the guard: at once, and as a task only where there is something to await.

    Raises:
        PluginFailed: when called or awaited, as `Guard.call_async`.
    """

    @functools.wraps(handler)
    def call(message: PluginMessage) -> Any:
        result = guard.call(step, handler, message)
        return guard.call_async(step, lambda: result) if inspect.isawaitable(result) else result

    return call
