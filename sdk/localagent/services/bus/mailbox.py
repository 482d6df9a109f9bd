"""A subscription's own queue with one consumer, so that a slow handler delays nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.hearers import Hearer

    Overflow = Literal["block", "drop_oldest"]
    Hear = Callable[[Hearer, PluginMessage], Awaitable[None]]


class Mailbox:
    """Keeps messages for one hearer and hands them over one by one, in order.

    Its consumer is a task only while there is mail, so that a bus at rest runs nothing.

    Args:
        hearer: who is handed the messages.
        size: how many messages may wait.
        overflow: whether a full mailbox makes publishers wait or loses its oldest message.
        hear: hands a message over and waits until it was handled.
    """

    def __init__(self, hearer: Hearer, size: int, overflow: Overflow, hear: Hear) -> None:
        self._hearer = hearer
        self._size = size
        self._overflow = overflow
        self._hear = hear
        self._mail: deque[PluginMessage] = deque()
        self._blocked: deque[tuple[asyncio.Future[None], PluginMessage]] = deque()
        self._is_handing_over = 0
        self._context = copy_context()
        self.consumer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._mail) + len(self._blocked) + self._is_handing_over

    def put(self, message: PluginMessage) -> asyncio.Future[None] | None:
        """Keep a message; where there is no room and publishers wait, what to wait for."""
        if len(self._mail) < self._size and not self._blocked:
            self._mail.append(message)
        elif self._overflow == "drop_oldest":
            self._mail.popleft()
            self._mail.append(message)
            self._hearer.tallies.drop()
        else:
            room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._blocked.append((room, message))
            return room
        self._consume()
        return None

    def take_back(self) -> None:
        """Drop the message that found no room last, as its publisher does not wait."""
        self._blocked.pop()
        self._hearer.tallies.drop()

    def discard(self) -> int:
        """Throw away what waits; publishers who wait go on. Gives how many messages that were."""
        thrown = len(self._mail) + len(self._blocked)
        self._mail.clear()
        for room, _ in self._blocked:
            if not room.done() and not room.get_loop().is_closed():
                room.set_result(None)
        self._blocked.clear()
        return thrown

    def stop(self) -> None:
        """Let go of a message that is being handled."""
        if self.consumer is not None and not self.consumer.done():
            self.consumer.cancel()

    def _consume(self) -> None:
        loop = asyncio.get_running_loop()
        if self.consumer is None or self.consumer.done() or self.consumer.get_loop() is not loop:
            self.consumer = loop.create_task(
                self._hand_over(), name=f"{self._hearer.owner}: {self._hearer.step}", context=self._context
            )

    async def _hand_over(self) -> None:
        while self._mail:
            message = self._mail.popleft()
            self._let_in()
            self._is_handing_over = 1
            try:
                await self._hear(self._hearer, message)
            finally:
                self._is_handing_over = 0

    def _let_in(self) -> None:
        """Take in the first message whose publisher still waits."""
        while self._blocked:
            room, message = self._blocked.popleft()
            if room.done():
                # Its publisher was cancelled.
                self._hearer.tallies.drop()
                continue
            room.set_result(None)
            self._mail.append(message)
            return


def check_queue(queue: int, overflow: Any) -> None:
    """See that a mailbox can be made so.

    Raises:
        ValueError: it has no room, or does not know what to do when it is full.
    """
    if queue < 1:
        raise ValueError(f"a mailbox has room for at least one message, not for {queue}")
    if overflow not in ("block", "drop_oldest"):
        raise ValueError(f"overflow is 'block' or 'drop_oldest', not {overflow!r}")
