"""What a plugin registered with the host, so that the host can undo it without the plugin's help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.errors import LocalAgentError

    Undo = Callable[[], object]
    Register = Callable[[], Undo]


class _Entry:
    """A registration.

    Attributes:
        register: enters it with the host; None for what cannot be entered a second time.
        undo: takes it back; None while it is not entered.
        undo_rehearsal: takes back what stands in for it while it is staged.
    """

    __slots__ = ("register", "undo", "undo_rehearsal")

    def __init__(self, register: Register | None = None, undo: Undo | None = None) -> None:
        self.register = register
        self.undo = undo
        self.undo_rehearsal: Undo | None = None

    def publish(self) -> None:
        self._end_rehearsal()
        if self.undo is None and self.register is not None:
            self.undo = self.register()

    def take_back(self) -> None:
        self._end_rehearsal()
        if self.undo is not None:
            undo, self.undo = self.undo, None
            undo()

    def _end_rehearsal(self) -> None:
        if self.undo_rehearsal is not None:
            undo, self.undo_rehearsal = self.undo_rehearsal, None
            undo()


class Ledger:
    """The registrations of one life of a plugin, taken back in reverse.

    Args:
        staged: whether what is entered waits for `publish`, so that nobody sees it before.
    """

    def __init__(self, *, staged: bool = False) -> None:
        self._entries: dict[_Entry, None] = {}
        self._is_staged = staged
        self._closed: LocalAgentError | None = None

    def record(self, undo: Undo) -> None:
        """Remember how to take back what has been done already; `undo` is host code and does not raise."""
        if self._closed is not None:
            undo()
            raise self._closed
        self._entries[_Entry(undo=undo)] = None

    def enter(self, register: Register, *, rehearse: Register | None = None) -> Callable[[], None]:
        """Register now or, while this is staged, once it is published; returns the function that ends it.

        Args:
            register: registers something and gives the function that takes it back; it may be called more than once.
            rehearse: the same for the time while this is staged, where there is something to do then.

        Raises:
            LocalAgentError: as `register`, or as `close` was told.
        """
        if self._closed is not None:
            raise self._closed
        entry = _Entry(register)
        if not self._is_staged:
            entry.undo = register()
        elif rehearse is not None:
            entry.undo_rehearsal = rehearse()
        self._entries[entry] = None

        def end() -> None:
            if self._entries.pop(entry, entry) is not entry:
                entry.take_back()

        return end

    def publish(self) -> None:
        """Enter what waits, in order.

        Raises:
            LocalAgentError: as what registers; then `withdraw` takes back what was entered until there.
        """
        self._is_staged = False
        for entry in tuple(self._entries):
            entry.publish()

    def withdraw(self) -> None:
        """Take back what can be entered again, the newest first; `publish` brings it back."""
        self._is_staged = True
        for entry in reversed(tuple(self._entries)):
            if entry.register is not None:
                entry.take_back()

    def undo_all(self) -> None:
        """Take every registration back, the newest first; afterwards there is nothing left to undo."""
        while self._entries:
            self._entries.popitem()[0].take_back()

    def close(self, error: LocalAgentError) -> None:
        """Take every registration back and let whoever registers more, as a thread left behind, hear `error`."""
        self.undo_all()
        self._closed = error
