"""What runs in one life of a plugin right now, so that a reload can wait for it."""

from __future__ import annotations


class Calls:
    """The calls under way through one guard that something is awaited in.

    Attributes:
        running: how many of them the host waits for.
        streams: how many answers a reader takes piece by piece, which may go on as long as the reader likes.
    """

    __slots__ = ("running", "streams")

    def __init__(self) -> None:
        self.running = 0
        self.streams = 0

    @property
    def are_over(self) -> bool:
        """Whether nothing of the plugin runs any more."""
        return not (self.running or self.streams)
