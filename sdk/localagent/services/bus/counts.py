"""What the bus counts for each plugin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """The messages of one plugin.

    Attributes:
        published: messages it sent.
        delivered: messages its handlers took without a failure.
        failed: messages its handlers failed on.
        timed_out: messages its handlers took too long for.
        dropped: messages that its full mailboxes did not keep, and those that were left when the bus closed.
        late: its answers that came too late or twice.
        pending: messages in its mailboxes, and requests it has not answered.
        slowest: seconds its slowest handler took; 0 where all were too fast to be timed.
        slowest_topic: what that handler heard.
    """

    published: int = 0
    delivered: int = 0
    failed: int = 0
    timed_out: int = 0
    dropped: int = 0
    late: int = 0
    pending: int = 0
    slowest: float = 0.0
    slowest_topic: str = ""


class Tallies:
    """The numbers of one plugin while they grow; the meanings are those of `MessageCounts`."""

    __slots__ = ("delivered", "dropped", "failed", "late", "published", "slowest", "slowest_topic", "timed_out")

    def __init__(self) -> None:
        self.published = self.delivered = self.failed = self.timed_out = self.dropped = self.late = 0
        self.slowest = 0.0
        self.slowest_topic = ""

    def took(self, seconds: float, topic: str) -> None:
        """Remember how long a handler took, if none took longer."""
        if seconds > self.slowest:
            self.slowest = seconds
            self.slowest_topic = topic

    def fail(self) -> None:
        """Count a message that was taken for delivered as failed."""
        self.delivered -= 1
        self.failed += 1

    def expire(self) -> None:
        """Count a message that was taken for delivered as timed out."""
        self.delivered -= 1
        self.timed_out += 1

    def drop(self, number: int = 1) -> None:
        """Count messages that were taken for delivered as dropped."""
        self.delivered -= number
        self.dropped += number

    def report(self, *, pending: int, queued: int) -> MessageCounts:
        """The numbers now, `pending` of which are not handled yet; `queued` ones of these count as delivered so far."""
        return MessageCounts(
            self.published,
            self.delivered - queued,
            self.failed,
            self.timed_out,
            self.dropped,
            self.late,
            pending,
            self.slowest,
            self.slowest_topic,
        )
