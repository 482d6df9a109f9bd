"""What a plugin registered with the host, so that the host can undo it without the plugin's help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Ledger:
    """A list of undo functions, run in reverse."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def record(self, undo: Callable[[], object]) -> None:
        """Remember how to take a registration back; `undo` is host code and does not raise."""
        self._undo.append(undo)

    def undo_all(self) -> None:
        """Take every registration back, the newest first; afterwards there is nothing left to undo."""
        while self._undo:
            self._undo.pop()()
