"""Text that comes in bytes, ended at the first of the texts at which it shall stop."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class StoppedText:
    """An answer as it grows; what may be the beginning of a stop text, or of a character, waits for what follows.

    Args:
        stops: the texts at which it ends; they are no part of it.

    Attributes:
        text: what was given out so far.
        is_over: whether a stop text came.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting: str = ""
        self.text: str = ""
        self.is_over = False

    def add(self, piece: bytes) -> str:
        """Take a piece, and give out the text that is certain now; may be empty."""
        return self._give(self._decoder.decode(piece))

    def rest(self) -> str:
        """Give out what waited, as nothing follows."""
        certain = self._give(self._decoder.decode(b"", final=True))
        waited, self._waiting = self._waiting, ""
        self.text += waited
        return certain + waited

    def _give(self, text: str) -> str:
        if self.is_over:
            return ""
        text = self._waiting + text
        found = [(place + len(stop), place) for stop in self._stops if (place := text.find(stop)) >= 0]
        self.is_over = bool(found)
        # The one that is whole first counts, so that it makes no difference in which pieces the text comes.
        certain = min(found)[1] if found else len(text) - self._uncertain(text)
        self._waiting = "" if found else text[certain:]
        self.text += text[:certain]
        return text[:certain]

    def _uncertain(self, text: str) -> int:
        """How many characters at the end of `text` a stop text may begin with."""
        longest = max(map(len, self._stops), default=1) - 1
        sizes = range(min(longest, len(text)), 0, -1)
        return next((size for size in sizes if any(stop.startswith(text[-size:]) for stop in self._stops)), 0)
