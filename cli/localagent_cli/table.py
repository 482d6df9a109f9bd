"""Tables as text: as wide as their content where nobody looks, else folded into the columns there are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_GAP = 2
_NARROWEST = 8
"""Columns a cell needs to be readable; where a row has not as much for each, its cells stand below each other."""
_BOLD, _DIM, _RED, _GREEN, _YELLOW = "1", "2", "31", "32", "33"
_TONES = {
    "enabled": _GREEN,
    "passed": _GREEN,
    "disabled": _DIM,
    "skipped": _YELLOW,
    "untrusted": _YELLOW,
    "shadowed": _YELLOW,
    "failed": _RED,
    "error": _RED,
    "quarantined": _RED,
}
"""How words that say how something stands are coloured, by the first word of a cell."""


def render(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    title: str = "",
    width: int | None = None,
    unicode: bool = True,
    colour: bool = False,
) -> str:
    """The table as text without a final line break; no line ends in blanks.

    Args:
        columns: the head of each column.
        rows: cells, as many as there are columns.
        title: a line above the table.
        width: columns of the terminal, which no line exceeds; None means as wide as the content.
        unicode: whether line-drawing characters may be used.
        colour: whether escape sequences for colours may be used.
    """
    cells = [[_clean(cell) for cell in row] for row in rows]
    widths = [max(map(cell_width, column)) for column in zip(columns, *cells, strict=True)]
    lines = _fold(title, width or cell_width(title)) if title else []
    if width is None or _total(widths) <= width:
        lines += _grid(columns, cells, widths, unicode=unicode, colour=colour)
    elif _total([min(each, _NARROWEST) for each in widths]) <= width:
        lines += _grid(columns, cells, _narrowed(widths, width), unicode=unicode, colour=colour)
    else:
        lines += _stacked(columns, cells, width, colour=colour)
    return "\n".join(lines)


def cell_width(text: str) -> int:
    """How many columns of a terminal `text` takes: two for wide characters, none for marks on another."""
    if text.isascii():
        return len(text)
    # Most tables are plain; only others pay for the tables of Unicode.
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me", "Cf") else 2 if east_asian_width(char) in ("W", "F") else 1 for char in text
    )


def _clean(cell: str) -> str:
    """A cell without blanks at its end and characters that move the cursor or colour; bytes of file names stay."""
    cell = cell.rstrip(" ")
    if cell.isprintable():
        return cell
    return "".join(
        char if char.isprintable() or "\udc80" <= char <= "\udcff" else char.encode("unicode_escape").decode()
        for char in cell
    )


def _grid(
    columns: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int], *, unicode: bool, colour: bool
) -> list[str]:
    head = _lines(columns, widths)
    lines = [_toned(line, _BOLD) for line in head] if colour else head
    lines.append(("─" if unicode else "-") * _total(widths))
    for row in rows:
        lines += _lines(row, widths, [_tone(cell) for cell in row] if colour else None)
    return lines


def _lines(row: Sequence[str], widths: Sequence[int], tones: Sequence[str] | None = None) -> list[str]:
    """One row, on as many lines as its longest cell needs."""
    if tones is None and all(cell.isascii() and len(cell) <= width for cell, width in zip(row, widths, strict=True)):
        # Nearly every row; with a thousand plugins folding what fits costs more than all else.
        return [(" " * _GAP).join([f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]).rstrip()]
    folded = [_fold(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines: list[str] = []
    for number in range(max(map(len, folded))):
        line, blanks = "", 0
        for position, (parts, width) in enumerate(zip(folded, widths, strict=True)):
            part = parts[number] if number < len(parts) else ""
            if part:
                line += " " * blanks + (_toned(part, tones[position]) if tones else part)
                blanks = 0
            blanks += width - cell_width(part) + _GAP
        lines.append(line)
    return lines


def _stacked(columns: Sequence[str], rows: Iterable[Sequence[str]], width: int, *, colour: bool) -> list[str]:
    """Each row as lines ``column: cell``, an empty line between rows."""
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for name, cell in zip(columns, row, strict=True):
            if cell:
                parts = _fold(f"{name}: {cell}", width)
                lines += [_toned(part, _tone(cell)) for part in parts] if colour else parts
    return lines


def _narrowed(widths: Sequence[int], width: int) -> list[int]:
    """The widths cut to what there is, the widest columns first."""
    limit = max(widths)
    while _total([min(each, limit) for each in widths]) > width:
        limit -= 1
    narrowed = [min(each, limit) for each in widths]
    for position in [position for position, each in enumerate(widths) if each > limit][: width - _total(narrowed)]:
        narrowed[position] += 1
    return narrowed


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _fold(text: str, width: int) -> list[str]:
    """`text` on lines that fit, broken at blanks where there are any; at least one line."""
    lines: list[str] = []
    while cell_width(text) > width:
        end = _fitting(text, width)
        blank = text.rfind(" ", 0, end + 1)
        end = blank if blank > 0 else end
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


def _fitting(text: str, width: int) -> int:
    """How many characters from the start fit; at least one."""
    end, taken = 0, 0
    for char in text:
        taken += cell_width(char)
        if taken > width:
            break
        end += 1
    return max(end, 1)


def _tone(cell: str) -> str:
    return _TONES.get(cell.partition(" ")[0], "")


def _toned(text: str, tone: str) -> str:
    return f"\x1b[{tone}m{text}\x1b[0m" if tone else text
