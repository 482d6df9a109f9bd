"""A message bus that remembers what was sent over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.plugins.messages import MessageType
from localagent.services.bus import PluginMessageBus
from localagent.services.bus.bus import DEFAULT_TIMEOUT
from localagent.services.bus.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.plugins.messages import PluginMessage


@dataclass(frozen=True, slots=True)
class Sent:
    """One message, whether or not anybody heard it.

    Attributes:
        type: how it was addressed.
        sender: who sent it.
        to: the topic of a broadcast, else the recipient; of an answer, who had asked.
        data: what it said when it was sent; its dicts and lists cannot be changed.
    """

    type: MessageType
    sender: str
    to: str
    data: Any


class RecordingBus(PluginMessageBus):
    """The real message bus, with a list of all messages.

    Attributes:
        sent: the messages, in order.
    """

    def __init__(
        self,
        *,
        limit: float | None = DEFAULT_TIMEOUT,
        strict: bool = False,
        on_pause: Callable[[str, str, str], object] | None = None,
    ) -> None:
        super().__init__(limit=limit, strict=strict, on_pause=on_pause)
        self.sent: list[Sent] = []

    def sent_to(self, to: str) -> tuple[Any, ...]:
        """The data of all messages to a topic or a plugin."""
        return tuple(message.data for message in self.sent if message.to == to)

    async def broadcast(self, sender: str, message_type: str, data: Any) -> dict[str, int]:
        """As `PluginMessageBus.broadcast`."""
        self._note(MessageType.BROADCAST, sender, message_type, data)
        return await super().broadcast(sender, message_type, data)

    def publish_nowait(self, sender: str, message_type: str, data: Any) -> None:
        """As `PluginMessageBus.publish_nowait`."""
        self._note(MessageType.BROADCAST, sender, message_type, data)
        super().publish_nowait(sender, message_type, data)

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """As `PluginMessageBus.send_direct`."""
        self._note(MessageType.DIRECT, sender, recipient, data)
        await super().send_direct(sender, recipient, data)

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:  # noqa: ASYNC109 - the bus's signature
        """As `PluginMessageBus.request`."""
        self._note(MessageType.REQUEST, sender, recipient, data)
        return await super().request(sender, recipient, data, timeout)

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """As `PluginMessageBus.respond`."""
        self._note(MessageType.RESPONSE, sender, original_message.sender, data)
        super().respond(original_message, sender, data)

    def _note(self, type_: MessageType, sender: str, to: str, data: Any) -> None:
        self.sent.append(Sent(type_, sender, to, frozen(data)))
