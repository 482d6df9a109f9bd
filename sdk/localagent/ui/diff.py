"""What changed between two texts."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from localagent.ui.shapes import texts_or_diff
from localagent.ui.texts import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def diff(data: Any, *, title: str = "", context: int = 3) -> Group:
    """Draw the lines that differ, with some around them.

    Args:
        data: the texts ``before`` and ``after``, or the text of a unified diff.
        title: a line above.
        context: how many equal lines are shown around each change.
    """
    given = texts_or_diff(data)
    lines = given.splitlines() if isinstance(given, str) else list(_compared(*given, context))
    head = [as_text(title, style="bold")] if title else []
    body = [as_text(line, style=_style(line)) for line in lines]
    return Group(*head, *(body or [Text("no difference", style="dim")]))


def _compared(before: str, after: str, context: int) -> Iterable[str]:
    return difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", n=context, lineterm="")


def _style(line: str) -> str:
    return next((style for start, style in _STYLES if line.startswith(start)), "")
