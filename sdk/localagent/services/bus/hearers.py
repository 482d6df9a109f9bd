"""Handlers as the bus knows them: whose they are, and how they stand."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from localagent.errors import HandlerPaused

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.counts import Tallies
    from localagent.services.bus.mailbox import Mailbox

    Handler = Callable[[PluginMessage], Any]

FAILURES_IN_A_ROW = 3
"""After so many a handler is not called any more."""

SKIPPED = object()
"""What a hearer that was ended gives instead of a result."""


class Hearer:
    """One handler's wish to hear something; the same handler may have several.

    Attributes:
        owner: the plugin whose handler it is; empty where nobody said.
        subject: what it hears: a topic or a pattern; empty for direct messages.
        handler: the handler.
        receive: how it is told a message now: the handler itself as long as all is well, so that a delivery needs no
            look at anything else.
        tallies: the numbers of its owner.
        mail: its mailbox, where it has one.
    """

    __slots__ = ("__weakref__", "handler", "in_a_row", "is_ended", "mail", "owner", "receive", "subject", "tallies")

    def __init__(self, owner: str, subject: str, handler: Handler, tallies: Tallies) -> None:
        self.owner = owner
        self.subject = subject
        self.handler = handler
        self.receive = handler
        self.tallies = tallies
        self.mail: Mailbox | None = None
        self.in_a_row = 0
        self.is_ended = False

    @property
    def step(self) -> str:
        """What it is called for, as a guard names it."""
        return step_of(self.subject)

    def end(self) -> None:
        """Hear nothing any more, what is on its way or waits included."""
        self.is_ended = True
        self.receive = _not_heard
        if self.mail is not None:
            self.tallies.drop(self.mail.discard())

    def stumble(self) -> bool:
        """Note a failure; True if it is the one that pauses the handler."""
        self.in_a_row += 1
        if not self.is_ended:
            self.receive = self._on_probation if self.in_a_row < FAILURES_IN_A_ROW else self._paused
        return self.in_a_row == FAILURES_IN_A_ROW

    def recover(self) -> None:
        """Note a success after failures, unless the handler was paused meanwhile."""
        if self.in_a_row < FAILURES_IN_A_ROW:
            self.in_a_row = 0
            self.receive = _not_heard if self.is_ended else self.handler

    def _on_probation(self, message: PluginMessage) -> Any:
        result = self.handler(message)
        if not inspect.isawaitable(result):
            self.recover()
        return result

    def _paused(self, _: PluginMessage) -> Any:
        raise HandlerPaused(
            f"{self.step}: paused after {FAILURES_IN_A_ROW} failures in a row", plugin=self.owner, step=self.step
        )


def _not_heard(_: PluginMessage) -> Any:
    return SKIPPED


def step_of(subject: str) -> str:
    """What a handler of a topic, or of direct messages where that is empty, is called for."""
    return f"handler of '{subject}'" if subject else "handler of direct messages"


def describe(handler: Handler) -> str:
    """A handler as messages name it: module and qualified name."""
    return f"{getattr(handler, '__module__', '?')}.{getattr(handler, '__qualname__', repr(handler))}"
