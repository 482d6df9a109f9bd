"""Lines in bytes that come in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TooLong(ValueError):
    """Something goes on for longer than it may."""


class PendingLine:
    r"""The beginning of a line whose end did not come yet.

    Only ``\n`` ends one, with a ``\r`` before it or not: what else Python and httpx2 take for a line end, such as
    U+0085, may stand in a JSON text.

    Args:
        longest: bytes that a line may have.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> Iterator[bytes]:
        """The lines that end in `piece`, without line ends.

        Raises:
            TooLong: this one goes on for too long.
        """
        *ended, last = piece.split(b"\n")
        for end in ended:
            self._keep(end)
            yield self.rest()
        self._keep(last)

    def rest(self) -> bytes:
        """The line that nothing ended; empty where there is none."""
        line = b"".join(self._parts).removesuffix(b"\r")
        self._parts.clear()
        self._size = 0
        return line

    def _keep(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._longest:
            raise TooLong
