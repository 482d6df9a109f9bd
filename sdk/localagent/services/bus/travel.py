"""What a handler inherits from the message it handles: its deadline, its hops, and who waits for whom."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from localagent.errors import TooManyHops, WouldDeadlock

if TYPE_CHECKING:
    from localagent.plugins.messages import PluginMessage

HOP_LIMIT = 16
"""How many messages may cause each other."""


class Journey:
    """One message while it is handled.

    Args:
        message: the message.
        waiting: names of the plugins that wait for an answer meanwhile, and of those that are asked for one.

    Attributes:
        is_over: whether nobody waits any more; what its handler left running then has neither deadline nor circle.
    """

    __slots__ = ("is_over", "message", "waiting")

    def __init__(self, message: PluginMessage, waiting: tuple[str, ...]) -> None:
        self.message = message
        self.waiting = waiting
        self.is_over = False


under_way: ContextVar[Journey | None] = ContextVar("under_way", default=None)
rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)
"""Whether the sender is a plugin that is made ready beside the life it is to replace."""


def hops_after(cause: Journey | None) -> int:
    """The hops of a message with that cause.

    Raises:
        TooManyHops: there were enough.
    """
    if cause is None:
        return 0
    hops = cause.message.hops + 1
    if hops > HOP_LIMIT:
        source = cause.message
        where = f"the topic '{source.topic}'" if source.topic else f"messages to '{source.recipient}'"
        raise TooManyHops(
            f"{HOP_LIMIT} messages caused each other, the last about {where}; a handler must not cause what it handles",
            plugin=source.recipient,
        )
    return hops


def deadline_after(cause: Journey | None) -> float | None:
    """The moment until which somebody waits for what is sent now; None if nobody does."""
    return None if cause is None or cause.is_over else cause.message.deadline


def waiting_after(cause: Journey | None) -> tuple[str, ...]:
    """Who waits, or is asked, while something is sent now."""
    return () if cause is None or cause.is_over else cause.waiting


def check_circle(cause: Journey | None, sender: str, recipient: str) -> None:
    """See that a request does not go to somebody who waits for its answer.

    Raises:
        WouldDeadlock: it does; the message tells the circle.
    """
    waiting = waiting_after(cause)
    if recipient in waiting:
        circle = dict.fromkeys((*waiting[waiting.index(recipient) :], sender))
        raise WouldDeadlock(
            f"'{sender}' asks '{recipient}', who waits for it: {' -> '.join((*circle, recipient))}", plugin=recipient
        )
