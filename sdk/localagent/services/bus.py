"""Messages between plugins: broadcasts, direct messages, requests with a deadline."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import (
    MessageError,
    NoResponder,
    PluginNotAvailable,
    PluginTimeout,
    RemoteError,
    RequestTimeout,
    WrongLoop,
)
from localagent.plugins.messages import MessageType, PluginMessage, next_correlation_id

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[PluginMessage], Any]
    Caller = Callable[[Handler, PluginMessage], Awaitable[Any]]
    OnDemand = Callable[[str], Awaitable[None]]

DEFAULT_TIMEOUT = 30.0
"""Seconds a request waits when its sender names no deadline."""


async def call_handler(handler: Handler, message: PluginMessage) -> Any:
    """Call a sync or async handler and give its result."""
    result = handler(message)
    return await result if inspect.isawaitable(result) else result


@dataclass(frozen=True, eq=False, slots=True)
class _Subscription:
    """One handler's wish to hear a topic; the same handler may have several."""

    handler: Handler


class PluginMessageBus:
    """Carries messages between plugins on one event loop.

    Args:
        call: how a handler is called; the host passes its guard, so that one handler's failure stays its own.
    """

    def __init__(self, *, call: Caller = call_handler) -> None:
        self._call = call
        self._subscriptions: dict[str, tuple[_Subscription, ...]] = {}
        self._direct_handlers: dict[str, Handler] = {}
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._activate: OnDemand | None = None
        self._wake: OnDemand | None = None
        self._activated: set[str] = set()

    def load_on_demand(self, activate: OnDemand, wake: OnDemand) -> None:
        """Let plugins that are not loaded yet be reached.

        Args:
            activate: called with a topic before its first broadcast.
            wake: called with a recipient for whom nobody answers; may raise why it cannot be had.
        """
        self._activate, self._wake = activate, wake
        self._activated.clear()

    @property
    def subscribers(self) -> Mapping[str, tuple[Handler, ...]]:
        """Handlers by topic, as a copy."""
        return {topic: tuple(each.handler for each in there) for topic, there in self._subscriptions.items()}

    @property
    def direct_handlers(self) -> Mapping[str, Handler]:
        """The handler of each plugin that answers direct messages, as a copy."""
        return dict(self._direct_handlers)

    @property
    def pending_requests(self) -> Mapping[str, asyncio.Future[Any]]:
        """Requests that wait for their answer by correlation id, as a copy."""
        return dict(self._pending)

    def subscribe(self, message_type: str, handler: Handler) -> Callable[[], None]:
        """Call `handler` for each broadcast of the topic `message_type`; returns the function that ends it."""
        # A new tuple each time: a dispatch under way goes on over the handlers it began with.
        added = _Subscription(handler)
        self._subscriptions[message_type] = (*self._subscriptions.get(message_type, ()), added)

        def unsubscribe() -> None:
            left = tuple(other for other in self._subscriptions.get(message_type, ()) if other is not added)
            if left:
                self._subscriptions[message_type] = left
            else:
                self._subscriptions.pop(message_type, None)

        return unsubscribe

    def register_direct_handler(self, plugin_name: str, handler: Handler) -> Callable[[], None]:
        """Let `handler` answer what is sent to `plugin_name`; returns the function that ends it.

        Raises:
            MessageError: another handler answers for that plugin already.
        """
        present = self._direct_handlers.get(plugin_name)
        if present is not None:
            raise MessageError(
                f"{_describe(present)} answers for '{plugin_name}' already, so {_describe(handler)} cannot",
                plugin=plugin_name,
            )
        self._direct_handlers[plugin_name] = handler

        def unregister() -> None:
            if self._direct_handlers.get(plugin_name) is handler:
                del self._direct_handlers[plugin_name]

        return unregister

    async def broadcast(self, sender: str, message_type: str, data: Any) -> dict[str, int]:
        """Tell every subscriber of the topic, concurrently.

        Returns:
            ``{"matched": …, "delivered": …, "failed": …}``; a handler's failure never raises here.
        """
        import asyncio

        self._bind_loop()
        if self._activate is not None and message_type not in self._activated:
            # Said before it is done: a plugin that broadcasts the topic while it starts must not wait for itself.
            self._activated.add(message_type)
            await self._activate(message_type)
        hearers = self._subscriptions.get(message_type, ())
        message = PluginMessage(sender, MessageType.BROADCAST, data, topic=message_type)
        calls = (self._call(hearer.handler, message) for hearer in hearers)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        failed = sum(isinstance(outcome, BaseException) for outcome in outcomes)
        return {"matched": len(hearers), "delivered": len(hearers) - failed, "failed": failed}

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """Tell one plugin.

        Raises:
            NoResponder: nobody answers for `recipient`.
        """
        self._bind_loop()
        handler = self._direct_handlers.get(recipient) or await self._woken(recipient)
        await self._call(handler, PluginMessage(sender, MessageType.DIRECT, data, recipient))

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:  # noqa: ASYNC109 - the guide's signature
        """Ask one plugin; its handler answers by `respond` or by returning a value that is not None.

        Args:
            sender: who asks.
            recipient: who is asked.
            data: the question.
            timeout: seconds to wait.

        Raises:
            NoResponder: nobody answers for `recipient`.
            RequestTimeout: no answer in time; the handler is cancelled.
            RemoteError: the handler raised.
        """
        import asyncio

        self._bind_loop()
        due = asyncio.get_running_loop().time() + timeout
        handler = self._direct_handlers.get(recipient) or await self._woken_in_time(recipient, timeout)
        correlation_id = next_correlation_id()
        message = PluginMessage(sender, MessageType.REQUEST, data, recipient, correlation_id)
        answer = asyncio.get_running_loop().create_future()
        self._pending[correlation_id] = answer
        handling = asyncio.ensure_future(self._call(handler, message))
        handling.add_done_callback(lambda done: _settle(answer, done, recipient))
        try:
            # `wait`, not `wait_for`: a handler that swallows its cancellation must not delay the sender.
            await asyncio.wait({answer}, timeout=max(due - asyncio.get_running_loop().time(), 0))
            if not answer.done():
                raise RequestTimeout(f"'{recipient}' did not answer within {timeout:g} s", plugin=recipient)
            return answer.result()
        finally:
            self._pending.pop(correlation_id, None)
            answer.cancel()
            handling.cancel()

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """Answer a request; the first answer counts, and one that comes too late is dropped."""
        waiting = self._pending.get(original_message.correlation_id or "")
        if waiting is not None and not waiting.done():
            waiting.set_result(data)

    async def _woken(self, recipient: str) -> Handler:
        """The handler of a recipient who is perhaps only not loaded yet."""
        cause = None
        if self._wake is not None:
            try:
                await self._wake(recipient)
            except PluginNotAvailable as error:
                cause = error
        handler = self._direct_handlers.get(recipient)
        if handler is None:
            why = f": {cause.message}" if cause is not None else ""
            fix = cause.fix if cause is not None else None
            raise NoResponder(f"nobody answers for '{recipient}'{why}", plugin=recipient, fix=fix) from cause
        return handler

    async def _woken_in_time(self, recipient: str, timeout: float) -> Handler:  # noqa: ASYNC109 - raises an error of its own
        import asyncio

        try:
            async with asyncio.timeout(timeout):
                return await self._woken(recipient)
        except TimeoutError as error:
            raise RequestTimeout(f"'{recipient}' was not ready within {timeout:g} s", plugin=recipient) from error

    def _bind_loop(self) -> None:
        """Belong to the first loop that sends, as long as it lives."""
        import asyncio

        running = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop = running
        elif self._loop is not running:
            raise WrongLoop(
                "the message bus belongs to the host's event loop",
                fix="in a synchronous command use context.run(...), or make the command an async def",
            )


def _settle(answer: asyncio.Future[Any], handling: asyncio.Future[Any], recipient: str) -> None:
    """Pass the outcome of a request's handler on to the one who waits, unless it has its answer."""
    import asyncio

    # One that the bus cancels has its sender's answer settled before, so this one gave up by itself.
    error = asyncio.CancelledError("the handler gave up") if handling.cancelled() else handling.exception()
    if answer.done():
        return
    if isinstance(error, PluginTimeout):
        answer.set_exception(RequestTimeout(error.message, plugin=recipient))
    elif error is not None:
        answer.set_exception(RemoteError(str(error), plugin=recipient, error_type=type(error).__name__))
    elif handling.result() is not None:
        answer.set_result(handling.result())


def _describe(handler: Handler) -> str:
    return f"{getattr(handler, '__module__', '?')}.{getattr(handler, '__qualname__', repr(handler))}"
