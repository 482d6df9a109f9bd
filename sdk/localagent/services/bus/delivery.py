"""What of the bus belongs to one event loop: requests, messages nobody waits for, and topics that are being opened."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from localagent.errors import RequestCancelled
from localagent.services.bus.failures import HANDLER_FAILURES
from localagent.services.bus.flight import Flight, Office, is_awaitable, let_go, start
from localagent.services.bus.requests import Requests
from localagent.services.bus.travel import under_way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.hearers import Hearer
    from localagent.services.bus.routes import Route
    from localagent.services.bus.travel import Journey

_opening: ContextVar[bool] = ContextVar("opening", default=False)
"""Whether the caller is a plugin that is loaded since its topic is broadcast."""


class _Gate:
    """Holds up the messages of one topic while plugins are loaded for it, in order."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class Delivery:
    """Delivers messages on one event loop.

    Attributes:
        loop: the loop.
        requests: its requests.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, office: Office) -> None:
        self.loop = loop
        self.requests = Requests(loop, office)
        self._office = office
        self._thread = threading.get_ident()
        self._background: set[asyncio.Task[Any]] = set()
        self._gates: dict[str, _Gate] = {}

    def is_here(self) -> bool:
        """Whether the caller runs on the loop."""
        try:
            return asyncio.get_running_loop() is self.loop
        except RuntimeError:
            return False

    def is_elsewhere(self) -> bool:
        """Whether the caller runs in another thread than the loop, which lives still."""
        return threading.get_ident() != self._thread and not self.loop.is_closed()

    def launch(self, route: Route, message: PluginMessage, journey: Journey, *, is_awaited: bool = True) -> Flight:
        """Call all who hear a topic."""
        flight = Flight(message, journey, self.loop, self._office, is_awaited=is_awaited)
        route.carried += 1
        route.is_slow = flight.launch(route.hearers, is_slow=route.is_slow)
        return flight

    async def hear(self, hearer: Hearer, message: PluginMessage, journey: Journey) -> None:
        """Call one who hears a topic, and wait for it."""
        flight = Flight(message, journey, self.loop, self._office)
        flight.launch((hearer,), is_slow=True)
        if not flight.is_landed:
            await flight.land()

    async def tell(self, recipient: Hearer, message: PluginMessage, journey: Journey) -> None:
        """Call the handler of a direct message; what it raises is raised here.

        Raises:
            RequestCancelled: it gave up by itself.
        """
        try:
            await self._told(recipient, message, journey)
        except HANDLER_FAILURES as error:
            recipient.tallies.failed += 1
            self._office.note(recipient, recipient.step, error)
            raise
        recipient.tallies.delivered += 1
        if recipient.in_a_row:
            recipient.recover()

    def is_held_up(self, topic: str) -> bool:
        """Whether messages of a topic wait for it to be opened."""
        return topic in self._gates

    async def open(self, route: Route, activate: Callable[[str], Awaitable[None]], *, is_for_good: bool = True) -> None:
        """Load what waits for a topic before its first message; messages that come meanwhile wait, in order.

        Unless `is_for_good`, the next message asks again.
        """
        topic = route.topic
        if topic in self._gates and _opening.get():
            # Whoever is being loaded must not wait for what may wait for it.
            return
        gate = self._gates.setdefault(topic, _Gate())
        gate.users += 1
        try:
            async with gate.lock:
                if not route.is_open:
                    token = _opening.set(True)
                    try:
                        await activate(topic)
                    finally:
                        _opening.reset(token)
                        route.is_open = is_for_good
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[topic]

    def go_on(self, coroutine: Coroutine[Any, Any, Any], name: str) -> None:
        """Let something go on that nobody waits for."""
        task = start(self.loop, coroutine, name)
        if not task.done():
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def drain(self, consumers: Callable[[], list[asyncio.Task[None]]], until: float) -> None:
        """Wait until nothing is on its way any more, or that moment of the loop's clock."""
        while (left := until - self.loop.time()) > 0 and (waiting := {*self._background, *consumers()}):
            await asyncio.wait(waiting, timeout=left)

    def stop(self) -> int:
        """Let go of what is on its way; gives how many messages nobody waits for that were."""
        self.requests.stop()
        for task in self._background:
            task.cancel()
        return len(self._background)

    async def _told(self, recipient: Hearer, message: PluginMessage, journey: Journey) -> None:
        token = under_way.set(journey)
        try:
            awaitable: Any = recipient.receive(message)
            if not is_awaitable(awaitable):
                return
            task = start(self.loop, _raised_by(awaitable), recipient.step)
        finally:
            under_way.reset(token)
        await self._finished(task, awaitable, recipient)

    async def _finished(self, task: asyncio.Task[Any], awaitable: Any, recipient: Hearer) -> None:
        try:
            if not task.done():
                await asyncio.wait({task})
        finally:
            if not task.done():
                let_go(task, awaitable)
        error = task.result()
        if isinstance(error, asyncio.CancelledError):
            raise RequestCancelled(f"the handler of '{recipient.owner}' gave up", plugin=recipient.owner) from error
        if error is not None:
            raise error


async def _raised_by(awaitable: Any) -> BaseException | None:
    try:
        await awaitable
    except HANDLER_FAILURES as error:
        return error
    return None
