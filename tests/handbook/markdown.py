"""Text and tables in Markdown, as both Python-Markdown and other readers understand them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def plain(text: str) -> str:
    """A text none of whose characters mean anything to Markdown, be it in a table."""
    marks = {"&": "&amp;", "<": "&lt;", "|": "&#124;", "*": "&#42;", "[": "&#91;"}
    return "".join(marks.get(letter, letter) for letter in text)


def code(text: str) -> str:
    """A text as code; not in backticks, since readers disagree on how a bar in a table is written within them."""
    return f"<code>{plain(text)}</code>"


def fenced(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines).replace("|  |", "| |")
