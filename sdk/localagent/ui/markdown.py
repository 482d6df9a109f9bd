"""A Markdown text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markdown import Markdown

from localagent.ui.shapes import text
from localagent.ui.texts import as_string, as_text

if TYPE_CHECKING:
    from rich.console import RenderableType


def markdown(data: Any, *, title: str = "", links: bool = True) -> RenderableType:
    """Draw Markdown.

    Args:
        data: the text.
        title: a line above.
        links: whether links can be followed where the terminal knows how; else their addresses are written out.
    """
    document = Markdown(as_string(text(data)), hyperlinks=links)
    return Group(as_text(title, style="bold"), document) if title else document
