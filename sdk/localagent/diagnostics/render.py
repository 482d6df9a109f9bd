"""Findings as text for people, JSON for programs, and annotations for a forge's checks."""

from __future__ import annotations

import json

from localagent.diagnostics.diagnostic import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic

_WIDEST = 160
_ANNOTATIONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def read_lines(file: Path) -> list[str]:
    """The lines of a file as far as they can be shown; none if it cannot be read as one."""
    from localagent.errors import ManifestError
    from localagent.manifest.decoding import read_bytes

    try:
        return read_bytes(file).decode("utf-8-sig", "replace").split("\n")
    except ManifestError:
        return []


def render_text(
    diagnostics: Iterable[Diagnostic], *, root: Path, sources: Callable[[Path], Sequence[str]] = read_lines
) -> str:
    """Each finding as ``severity[RULE] file:line:column: message``, its source line with a caret, hint and fix.

    Files are named relative to `root`. Characters that a terminal would act on are escaped; whatever else the source
    line holds is shown as it is.
    """
    lines_of = _Remembered(sources)
    return "".join(line + "\n" for diagnostic in diagnostics for line in _lines(diagnostic, root, lines_of))


def render_json(diagnostics: Iterable[Diagnostic], *, root: Path) -> str:
    """A JSON array of findings: rule, severity, message, file, line, column, hint, fix."""
    found = [diagnostic.to_dict() | {"file": _relative(diagnostic.where.file, root)} for diagnostic in diagnostics]
    return json.dumps(found, indent=2) + "\n"


def render_github(diagnostics: Iterable[Diagnostic], *, root: Path) -> str:
    """Workflow commands that GitHub turns into annotations, one line each; files are relative to `root`."""
    return "".join(f"{_annotation(diagnostic, root)}\n" for diagnostic in diagnostics)


class _Remembered:
    """Lines of files, each read once."""

    def __init__(self, read: Callable[[Path], Sequence[str]]) -> None:
        self._read = read
        self._lines: dict[Path, Sequence[str]] = {}

    def __call__(self, file: Path) -> Sequence[str]:
        if file not in self._lines:
            self._lines[file] = self._read(file)
        return self._lines[file]


def _lines(diagnostic: Diagnostic, root: Path, lines_of: Callable[[Path], Sequence[str]]) -> list[str]:
    where = diagnostic.where
    parts = (_relative(where.file, root), where.line, where.column)
    place = ":".join(str(part) for part in parts if part is not None)
    shown = [f"{diagnostic.severity.value}[{diagnostic.rule}] {_printable(place)}: {_printable(diagnostic.message)}"]
    if where.line is not None:
        lines = lines_of(where.file)
        if where.line <= len(lines):
            shown += _excerpt(lines[where.line - 1], where.line, where.column)
    if diagnostic.hint:
        shown.append(f"  hint: {_printable(diagnostic.hint)}")
    if diagnostic.fix:
        first, *rest = diagnostic.fix.rstrip("\n").split("\n")
        shown += [f"  fix: {_printable(first)}", *(f"    {_printable(line)}".rstrip() for line in rest)]
    return shown


def _excerpt(line: str, number: int, column: int | None) -> list[str]:
    """A source line and a caret under `column`; both cut to what a terminal shows."""
    if not line.strip():
        return []
    start = max(0, (column or 1) - _WIDEST // 2) if len(line) > _WIDEST else 0
    part = line[start : start + _WIDEST]
    gutter = f"  {number} | "
    excerpt = [f"{gutter}{_printable(part)}".rstrip()]
    if column is not None:
        before = _printable(part[: column - 1 - start])
        excerpt.append(f"{' ' * (len(gutter) - 2)}| {' ' * len(before)}^")
    return excerpt


def _printable(text: str) -> str:
    """`text` without what a terminal would act on: controls and marks of direction are escaped, a tab is a space."""
    return "".join(
        character if character.isprintable() else " " if character in "\t\r" else ascii(character)[1:-1]
        for character in text
    )


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _annotation(diagnostic: Diagnostic, root: Path) -> str:
    where = diagnostic.where
    properties = {
        "file": _relative(where.file, root),
        "line": where.line,
        "col": where.column,
        "title": diagnostic.rule,
    }
    listed = ",".join(
        f"{key}={_escaped_property(str(value))}" for key, value in properties.items() if value is not None
    )
    fix = f"fix: {diagnostic.fix}".rstrip("\n") if diagnostic.fix else ""
    message = "\n".join(part for part in (diagnostic.message, diagnostic.hint, fix) if part)
    return f"::{_ANNOTATIONS[diagnostic.severity]} {listed}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
