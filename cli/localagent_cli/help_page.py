"""The root's help page, drawn without Typer or Rich so that it costs next to nothing."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Section = tuple[str, Sequence[tuple[str, str]]]

_NARROWEST = 20
_WIDEST = 100
# Corner, flat line, corner, side, corner, corner.
_ROUND = ("╭", "─", "╮", "│", "╰", "╯")
_ASCII = ("+", "-", "+", "|", "+", "+")


def render(usage: str, intro: str, sections: Iterable[Section], *, width: int, unicode: bool) -> str:
    """The page as text.

    Args:
        usage: the usage line.
        intro: one sentence.
        sections: titles with ``(name, help)`` rows; empty ones are left out.
        width: columns to fill, from 20 on.
        unicode: whether line-drawing characters may be used.
    """
    width = max(_NARROWEST, min(width, _WIDEST))
    parts = [*_wrapped(f"Usage: {usage}", width), "", *_wrapped(intro, width), ""]
    for title, rows in sections:
        if rows:
            parts += _panel(title, rows, width, _ROUND if unicode else _ASCII)
    return "\n".join(parts)


def terminal_width() -> int:
    """Columns of the terminal: ``COLUMNS``, else what the terminal says, else 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        # Not a terminal, or a stream without a descriptor.
        return 80


def speaks_unicode() -> bool:
    """Whether standard output can say line-drawing characters."""
    try:
        "".join(_ROUND).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _panel(title: str, rows: Sequence[tuple[str, str]], width: int, lines: tuple[str, ...]) -> list[str]:
    top_left, flat, top_right, side, low_left, low_right = lines
    inner = width - 4
    head = f" {title[: width - 6]} "
    name_width = min(max(len(name) for name, _ in rows), inner)
    rest = inner - name_width - 2
    body: list[str] = []
    for name, text in rows:
        # With a thousand plugins, calling anything for each costs more than all else on the page.
        if rest >= _NARROWEST and len(text) <= rest and text.isprintable():
            body.append(f"{side} {name.ljust(name_width)}  {text.ljust(rest)} {side}")
        else:
            body += [f"{side} {line:<{inner}} {side}" for line in _row(name, text, name_width, inner)]
    return [
        f"{top_left}{flat}{head}{flat * (width - 3 - len(head))}{top_right}",
        *body,
        f"{low_left}{flat * (width - 2)}{low_right}",
    ]


def _row(name: str, text: str, name_width: int, inner: int) -> list[str]:
    """A name with its help beside it; below it where the page is narrow."""
    rest = inner - name_width - 2
    if rest < _NARROWEST:
        return [*_wrapped(name, inner), *("  " + line for line in _wrapped(text, max(inner - 2, 1)))]
    first, *more = _wrapped(text, rest) or [""]
    return [f"{name:<{name_width}}  {first}", *(" " * (name_width + 2) + line for line in more)]


def _wrapped(text: str, width: int) -> list[str]:
    if 0 < len(text) <= width and text.isprintable():
        return [text]
    import textwrap  # its patterns take a tenth of the time of a start

    return textwrap.wrap(text, width)
