"""What a terminal showed as a picture in SVG, and the text of such a picture."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.text import Text

from handbook.pictures.stage import COLUMNS

_REMOTE_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""A browser would fetch it; the picture names others to fall back on."""
_TEXT = "{http://www.w3.org/2000/svg}text"
_LETTER = 12.2
"""Units of a picture that a letter is wide."""
_CHANGES = re.compile(r"-?\d+\.\d+|█+|\s+")
"""What is another one at each run: times, their bars, and where a line was broken because of them."""


def picture(shown: str, *, name: str, title: str) -> str:
    """The picture of what was shown, with its codes for colours.

    Args:
        shown: lines of text.
        name: makes the names within the picture its own, so that several can be on one page.
        title: in the bar above.
    """
    console = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    # Without a last empty line the frame would touch the text.
    console.print(Text.from_ansi(f"{shown.rstrip()}\n\n"), overflow="fold", end="")
    svg = _REMOTE_FONT.sub("", console.export_svg(title=title, unique_id=name))
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def text_of(svg: str) -> str:
    """The lines of text on a picture, without the title."""
    lines: dict[float, list[tuple[float, str]]] = defaultdict(list)
    for element in ET.fromstring(svg).iter(_TEXT):  # noqa: S314 - a file of this repository
        text = (element.text or "").rstrip("\n").replace("\xa0", " ")
        if element.get("clip-path") and text:
            lines[float(element.attrib["y"])].append((float(element.attrib["x"]), text))
    return "\n".join(_joined(sorted(lines[y])) for y in sorted(lines))


def _joined(pieces: list[tuple[float, str]]) -> str:
    """A line of texts, each at its place from the left; blanks between them are not drawn."""
    line = ""
    for place, text in pieces:
        line = line.ljust(round(place / _LETTER)) + text
    return line


def gist(text: str) -> str:
    """What two runs of one command have in common of their texts."""
    return _CHANGES.sub("", Text.from_ansi(text).plain)
