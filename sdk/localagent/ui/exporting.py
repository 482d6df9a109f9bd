"""Drawings as files: pictures, web pages, text."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from localagent.errors import UsageError
from localagent.services.files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from localagent.ui.screen import Screen

WIDTH = 100
"""Columns of an exported drawing, unless another number is given."""
FORMS = (".svg", ".html", ".txt")


def check_form(file: Path) -> None:
    """See that a drawing can be written to a file of this name.

    Raises:
        UsageError: its ending is none of `FORMS`.
    """
    if file.suffix.lower() not in FORMS:
        ending = f"'{file.suffix}'" if file.suffix else "a name without an ending"
        raise UsageError(f"cannot export to {ending}", file=file, fix=f"end the name in one of {', '.join(FORMS)}")


def recording(width: int | None = None) -> Screen:
    """A screen that nobody sees and that keeps what is drawn on it."""
    from localagent.ui.screen import Screen

    return Screen(io.StringIO(), width=width or WIDTH, record=True, encoding="utf-8", colour=True)


def export(console: Console, file: Path, *, title: str) -> None:
    """Write what a recording console kept, in the form that the file's ending says; the file is whole or as before.

    Raises:
        UsageError: as `check_form`.
        SystemProblem: it cannot be written.
    """
    check_form(file)
    form = file.suffix.lower()
    if form == ".svg":
        write_text(file, _without_remote_fonts(console.export_svg(title=title)))
    elif form == ".html":
        write_text(file, console.export_html())
    else:
        write_text(file, console.export_text())


def _without_remote_fonts(picture: str) -> str:
    """The picture without the fonts on the web that a browser would fetch; it names others to fall back on."""
    return re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)
