"""Server-sent events, from the lines they come in.

httpx2 reads them as well, for twice the CPU time, and leaves its generators to the garbage collector where somebody
stops early.
"""

from __future__ import annotations

from localagent.providers.lines import TooLong

CONTENT_TYPE = "text/event-stream"


class PendingEvent:
    r"""The data of an event whose end did not come yet; other fields of an event, and comments, are left out.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, but for a line end that is a ``\r`` alone.

    Args:
        longest: bytes that the data may have.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._data: list[bytes] = []
        self._size = 0

    def add(self, line: bytes) -> str | None:
        """The data of the event that `line` ends, if it ends one.

        Raises:
            TooLong: the event goes on for too long.
        """
        if line:
            field, _, value = line.partition(b":")
            if field == b"data":
                self._keep(value.removeprefix(b" "))
            return None
        if not self._data:
            return None
        data = b"\n".join(self._data).decode(errors="replace")
        self._data.clear()
        self._size = 0
        return data

    def _keep(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value) + 1
        if self._size > self._longest:
            raise TooLong
