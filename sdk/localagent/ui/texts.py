"""Values of any kind as text that a terminal draws and never obeys."""

from __future__ import annotations

import json
import re
from typing import Any

from rich.segment import Segment
from rich.text import Text

from localagent.plugins.markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but the line feed, and those that change the direction of text."""


def as_text(value: Any, *, style: str = "") -> Text:
    """A value as it is drawn: markup only where it is marked, control characters as their escapes.

    Truth and absence are said as JSON says them, mappings and lists as JSON too.
    """
    if isinstance(value, Markup):
        return Text.from_markup(_escaped(value.text), style=style)
    if isinstance(value, Text):
        return value
    return Text(_escaped(_said(value)), style=style)


def as_string(value: Any) -> str:
    """As `as_text`, for what takes no more than characters."""
    return as_text(value).plain


def harmless(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Drawn segments without what a terminal would obey, colours and links excepted.

    Such characters take no column, so leaving them out moves nothing.
    """
    for segment in segments:
        if segment.control:
            continue
        text, style = segment.text, segment.style
        if style is not None and style.link and not style.link.isprintable():
            style = style.update_link(None)
        yield Segment(_OBEYED.sub("", text), style)


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _escaped(text: str) -> str:
    return _OBEYED.sub(_escape, text.replace("\r\n", "\n").expandtabs(4))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
