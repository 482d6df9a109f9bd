"""What a handler may raise without harming anybody but itself, and how it is told."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from localagent.errors import LocalAgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDLER_FAILURES = (Exception, SystemExit, asyncio.CancelledError)
"""Not a Ctrl-C, nor the time limit of a step around: these only pass through. A host's guard lets nothing else out."""
DISTINCT = 256
"""How many failures are told apart; what else comes is counted as one."""

_log = logging.getLogger("localagent.bus")

Complaint = tuple[str, str, str, str]


class Complaints:
    """Who failed on what, and how often: each is logged once, then counted."""

    def __init__(self) -> None:
        self._times: Counter[Complaint] = Counter()

    @property
    def times(self) -> Mapping[Complaint, int]:
        """How often each ``(plugin, topic, type, text)`` came."""
        return dict(self._times)

    def tell(self, plugin: str, topic: str, error: BaseException) -> None:
        """Log a failure unless the same one was logged before."""
        complaint = (plugin, topic, type(cause_of(error)).__name__, text_of(error))
        if complaint not in self._times and len(self._times) >= DISTINCT:
            complaint = ("", "", "", "further failures are only counted")
        self._times[complaint] += 1
        if self._times[complaint] == 1:
            place = error.place if isinstance(error, LocalAgentError) else plugin
            _log.warning("%s: %s: %s: %s", place or "a handler", topic, complaint[2], complaint[3])


def cause_of(error: BaseException) -> BaseException:
    """What a plugin raised, where `error` is how the host tells it."""
    return error.__cause__ if isinstance(error, LocalAgentError) and error.__cause__ is not None else error


def text_of(error: BaseException) -> str:
    """What an exception says of itself in its first line; nothing where it cannot even do that."""
    try:
        return str(error).strip().partition("\n")[0]
    except HANDLER_FAILURES:
        return ""
