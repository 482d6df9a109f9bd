"""A console that keeps what is printed on it."""

from __future__ import annotations

import io

from rich.console import Console


class RecordingConsole(Console):
    """A Rich console on no terminal, of a fixed size and without colours.

    Args:
        width: columns.
        height: lines.
    """

    def __init__(self, *, width: int = 80, height: int = 25) -> None:
        self._kept = io.StringIO()
        super().__init__(file=self._kept, width=width, height=height, color_system=None, force_terminal=False)

    @property
    def text(self) -> str:
        """All that was printed, as it would stand in a file."""
        return self._kept.getvalue()

    @property
    def lines(self) -> list[str]:
        """The lines of `text`, without the blanks at their ends."""
        return [line.rstrip() for line in self.text.splitlines()]
