"""What travels on the message bus."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

_ids = itertools.count(1)


def next_correlation_id() -> str:
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
        data: the payload; JSON values.
        recipient: name of the plugin it is for, None for a broadcast.
        correlation_id: joins a request with its response.
        topic: the dotted topic of a broadcast, else empty.
        timestamp: seconds since the epoch.
    """

    sender: str
    message_type: MessageType
    data: Any
    recipient: str | None = None
    correlation_id: str | None = None
    topic: str = field(default="", kw_only=True)
    timestamp: float = field(default_factory=time.time, kw_only=True)

    @property
    def type(self) -> MessageType:
        """How the message is addressed."""
        return self.message_type
