"""Text that says itself how it looks."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Markup:
    """Text with Rich's markup in it, such as ``[green]ready[/green]``; all other text is drawn as it is written.

    Only for text of the author's own: what comes from elsewhere may hold brackets, and links.
    """

    text: str

    def __rich__(self) -> Text:
        from rich.text import Text

        return Text.from_markup(self.text)

    def __str__(self) -> str:
        return self.text
