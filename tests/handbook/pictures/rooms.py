"""The picture of who may import whom, drawn from the contracts that import-linter keeps."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

PROJECT = Path(__file__).parents[3] / "pyproject.toml"
FILE = "rooms.svg"
_WIDTH = 760
_MARGIN = 20
_ROW = 40
_STEP = 58
_STYLE = """\
  <style>
    text { font: 15px ui-monospace, monospace; fill: #1c2333; text-anchor: middle }
    .title { font: 15px system-ui, sans-serif; text-anchor: start; fill: #4a5470 }
    .room { fill: #e8ecfb; stroke: #4051b5 }
    .arrow { stroke: #8a93ad; stroke-width: 1.5; marker-end: url(#head) }
  </style>
  <defs><marker id="head" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto">
    <path d="M0,0 L7,3 L0,6 z" fill="#8a93ad"/></marker></defs>"""


def layers(project: str) -> dict[str, list[list[str]]]:
    """By contract the layers from the top, each with the rooms that stand side by side.

    Args:
        project: the text of pyproject.toml.
    """
    contracts = tomllib.loads(project)["tool"]["importlinter"]["contracts"]
    return {
        contract["name"].partition(":")[0]: [_rooms(layer) for layer in contract["layers"]]
        for contract in contracts
        if contract["type"] == "layers"
    }


def drawn(project: str) -> str:
    """The picture in SVG, one group of layers below the other."""
    groups = layers(project)
    titles = {"packages": "Packages: each may import those below it", "runtime": "Inside localagent"}
    top, parts = _MARGIN, []
    for name, rows in groups.items():
        parts += [_title(titles[name], top), *_group(rows, top + 16)]
        top += 32 + len(rows) * _STEP
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    back = f'  <rect width="{_WIDTH}" height="{top}" rx="8" fill="#f8f9fc"/>'
    return "\n".join([head, "  <title>Who may import whom</title>", _STYLE, back, *parts, "</svg>", ""])


def _rooms(layer: str) -> list[str]:
    """The names of one layer, in which import-linter knows optional ones by their brackets."""
    return [room.strip(" ()") for room in layer.split("|")]


def _title(text: str, top: int) -> str:
    return f'  <text class="title" x="{_MARGIN}" y="{top + 4}">{escape(text)}</text>'


def _group(rows: Sequence[Sequence[str]], top: int) -> Iterator[str]:
    for number, rooms in enumerate(rows):
        upper = top + number * _STEP
        yield from _row(rooms, upper)
        if number + 1 < len(rows):
            middle = _WIDTH // 2
            yield f'  <path class="arrow" d="M{middle},{upper + _ROW} V{upper + _STEP - 3}"/>'


def _row(rooms: Sequence[str], top: int) -> Iterator[str]:
    gap = 12
    wide = (_WIDTH - 2 * _MARGIN - gap * (len(rooms) - 1)) // len(rooms)
    for number, room in enumerate(rooms):
        left = _MARGIN + number * (wide + gap)
        yield f'  <rect class="room" x="{left}" y="{top}" width="{wide}" height="{_ROW}" rx="6"/>'
        yield f'  <text x="{left + wide // 2}" y="{top + 25}">{escape(room)}</text>'
