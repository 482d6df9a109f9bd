"""The terminal as components have it: one console, on which no live display outlives who began it."""

from __future__ import annotations

import contextlib
from typing import IO, TYPE_CHECKING, Any

import rich
from rich.console import Console
from rich.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from io import TextIOBase

    from rich.console import RenderableType


class Screen:
    """Where components draw.

    Its console takes text as it is written: brackets are no markup, names are no emoji, nothing is highlighted.

    Args:
        file: what is drawn on; None means standard output, whatever it is at the time.
        width: columns; None means those of the terminal, else 80.
        encoding: what `file` can say, if that is not what it says itself.
        record: whether what is drawn is kept for an export.
        colour: whether colours may be used; None leaves it to terminal and environment.
    """

    def __init__(
        self,
        file: IO[str] | TextIOBase | None = None,
        *,
        width: int | None = None,
        encoding: str | None = None,
        record: bool = False,
        colour: bool | None = None,
    ) -> None:
        self._lives: list[Live] = []
        self.console = _PlainConsole(
            file=file,
            width=width,
            record=record,
            no_color=None if colour is None else not colour,
            encoding=encoding,
            on_live=self._lives.append,
        )

    @contextlib.contextmanager
    def lent(self) -> Generator[list[Live]]:
        """Let a component draw, also through Rich's own default console.

        Gives the list of live displays that were begun meanwhile. Whatever of them still runs at the end is ended, and
        the cursor is there again.
        """
        before = len(self._lives)
        begun: list[Live] = []
        with _as_default(self.console):
            try:
                yield begun
            finally:
                begun += self._lives[before:]
                del self._lives[before:]
                self._end(begun)

    def live(self, content: RenderableType = "", *, per_second: float = 4) -> Live:
        """A live display on this screen, which runs while it is entered: ``with live: live.update(...)``.

        Args:
            content: what is shown first.
            per_second: how often it is drawn anew by itself.
        """
        return Live(content, console=self.console, refresh_per_second=per_second, redirect_stderr=False)

    def _end(self, lives: list[Live]) -> None:
        for live in reversed(lives):
            if live.is_started:
                # What it shows last may be what failed in it.
                live.update("", refresh=False)
                live.stop()
        if self.console.is_terminal:
            self.console.show_cursor()
        elif lives:
            # Only on a terminal a display ends its last line.
            self.console.line()


class _PlainConsole(Console):
    """A console that tells of live displays."""

    def __init__(self, *, encoding: str | None, on_live: Callable[[Live], object], **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=False, **options)
        self._said_encoding = encoding
        # Where a console stands in for Rich's default one, only what an instance holds comes along.
        begin = super().set_live

        def set_live(live: Live) -> bool:
            on_live(live)
            return begin(live)

        vars(self)["set_live"] = set_live

    @property
    def encoding(self) -> str:
        return self._said_encoding or super().encoding


@contextlib.contextmanager
def _as_default(console: Console) -> Generator[None]:
    """Let `console` be Rich's default one, which displays take that are given none; as `rich.reconfigure` does."""
    default = rich.get_console()
    kept = vars(default)
    default.__dict__ = vars(console)
    try:
        yield
    finally:
        default.__dict__ = kept
