"""What travels on the message bus."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

_ids = itertools.count(1)


def next_message_id() -> str:
    """An id that is unique in this process; a counter costs less than a delivery, a uuid4 more."""
    return f"m{next(_ids)}"


class MessageType(Enum):
    """How a message is addressed."""

    BROADCAST = "broadcast"
    DIRECT = "direct"
    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class PluginMessage:
    """One message.

    Attributes:
        sender: name of the plugin that sent it.
        message_type: how it is addressed; `type` is another name for it.
        data: the payload; JSON values that nobody can change. `dict` and `list` make a copy that can be.
        recipient: name of the plugin it is for, None for a broadcast.
        correlation_id: joins a request with its response.
        topic: the dotted topic of a broadcast, else empty.
        timestamp: seconds since the epoch.
        id: unique in this process.
        causation_id: id of the message in whose handler it was sent, None if in no handler.
        deadline: moment of the event loop's clock (``loop.time()``) at which nobody waits any more; None if unlimited.
        hops: how many messages caused each other before it.
    """

    sender: str
    message_type: MessageType
    data: Any
    recipient: str | None = None
    correlation_id: str | None = None
    topic: str = field(default="", kw_only=True)
    timestamp: float = field(default_factory=time.time, kw_only=True)
    id: str = field(default_factory=next_message_id, kw_only=True)
    causation_id: str | None = field(default=None, kw_only=True)
    deadline: float | None = field(default=None, kw_only=True)
    hops: int = field(default=0, kw_only=True)

    @property
    def type(self) -> MessageType:
        """How the message is addressed."""
        return self.message_type
