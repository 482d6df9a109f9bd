"""A plugin's coroutine taken apart into the slices between its waits, so that each moment of the loop has its owner."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from localagent.host.deadlines import LONG, hold_back
from localagent.host.surroundings import begin_watching, end_watching, put_back

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localagent.host.deadlines import Deadline
    from localagent.host.journal import Journal

WAITS = object()
"""Stands for what is not there yet, since work waits."""


class Slices:
    """Awaits `awaitable`, and says while its code runs, but not while it waits, that it does.

    What it waits for goes up to the event loop and the answers come down again, as with the awaitable itself.

    Args:
        awaitable: what a plugin's function gave.
        journal: where its step is entered for each slice.
        mark: the entry.
        deadline: the limit of its step; tasks with other limits get the time back that a long slice cost them.

    Attributes:
        left: the working folder that its code left first, None if it did not move.
    """

    __slots__ = ("_coroutine", "_deadline", "_journal", "_mark", "left")

    def __init__(
        self, awaitable: Awaitable[Any], journal: Journal | None, mark: bytes, deadline: Deadline | None
    ) -> None:
        self._coroutine: Any = awaitable if hasattr(awaitable, "send") else _awaited(awaitable)
        self._journal = journal
        self._mark = mark
        self._deadline = deadline
        self.left: str | None = None

    def __await__(self) -> Slices:
        return self

    def __iter__(self) -> Slices:
        return self

    def __next__(self) -> Any:
        return self._slice(self._coroutine.send, None)

    def send(self, answer: Any) -> Any:
        """Go on with the answer to what was waited for."""
        return self._slice(self._coroutine.send, answer)

    def throw(self, *error: Any) -> Any:
        """Go on with an exception instead of an answer."""
        return self._slice(self._coroutine.throw, *error)

    def close(self) -> None:
        """End early."""
        self._slice(self._coroutine.close)

    def lines(self) -> tuple[tuple[str, int], ...]:
        """``(file, line)`` of what the coroutine waits in, the innermost first."""
        found: list[tuple[str, int]] = []
        inner = self._coroutine
        while getattr(inner, "cr_frame", None) is not None:
            found.append((inner.cr_frame.f_code.co_filename, inner.cr_frame.f_lineno))
            inner = inner.cr_await
        return tuple(reversed(found))

    def _slice(self, go_on: Callable[..., Any], *arguments: Any) -> Any:
        began = time.monotonic()
        earlier = begin_watching()
        streams = (sys.stdout, sys.stderr)
        if self._journal is not None:
            self._journal.enter(self._mark)
        try:
            return go_on(*arguments)
        finally:
            put_back(streams)
            if self._journal is not None:
                self._journal.leave()
            left = end_watching(earlier)
            if self.left is None:
                self.left = left
            took = time.monotonic() - began
            if took > LONG:
                hold_back(took, self._deadline)


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
