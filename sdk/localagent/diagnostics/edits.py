"""Safe changes to a file that put a finding right, as plain replacements of text."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.manifest.place import Place


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that cannot be wrong where the finding is right.

    Attributes:
        new: the text that is written.
        old: the text that it replaces, in the line of the finding from its column on; empty where `new` becomes lines
            of their own below that line.
        where: the place, where it is another one than the finding's.
    """

    new: str
    old: str = ""
    where: Place | None = None


def replacing(old: str, new: str, *, where: Place | None = None) -> Edit | None:
    """The edit that writes `new` for `old`; None where nothing better than `old` is known."""
    return Edit(new, old, where) if new and new != old else None


def edited(findings: Iterable[Diagnostic], texts: Mapping[Path, str]) -> dict[Path, str]:
    """The files that the edits of findings change, with their new texts; an edit whose text is not there is left out.

    Args:
        findings: what was found.
        texts: the files as they are, by path; findings in others are left alone.
    """
    wanted: dict[Path, list[tuple[Place, Edit]]] = {}
    for finding in findings:
        if finding.edit is not None:
            place = finding.edit.where or finding.where
            wanted.setdefault(place.file, []).append((place, finding.edit))
    changed = {file: _apply(texts[file], edits) for file, edits in wanted.items() if file in texts}
    return {file: text for file, text in changed.items() if text != texts[file]}


def _apply(text: str, edits: Iterable[tuple[Place, Edit]]) -> str:
    lines = text.splitlines(keepends=True)
    # From the end to the beginning, so that no edit moves the place of another one.
    for place, edit in sorted(dict.fromkeys(edits), key=lambda each: (each[0].line or 0, each[0].column or 0))[::-1]:
        number = (place.line or 0) - 1
        if 0 <= number < len(lines):
            lines[number] = _line(lines[number], (place.column or 1) - 1, edit)
    return "".join(lines)


def _line(line: str, column: int, edit: Edit) -> str:
    ending = line[len(line.rstrip("\r\n")) :]
    if not edit.old:
        return f"{line if ending else line + chr(10)}{edit.new}{ending or chr(10)}"
    found = line.find(edit.old, column)
    return line if found < 0 else line[:found] + edit.new + line[found + len(edit.old) :]
