"""``pyproject.toml`` with the places of its keys."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from localagent.diagnostics.diagnostic import Place
from localagent.errors import ManifestError
from localagent.manifest.decoding import decode, read_bytes
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEADER = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:#.*)?")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class Pyproject:
    """Project metadata.

    Attributes:
        file: where it was read from.
        data: the parsed tables; empty if it cannot be read.
        problem: why it cannot be read, with its place; None if it was.
        places: of tables and keys, where they were not read from TOML.
    """

    file: Path
    data: dict[str, Any]
    problem: ManifestError | None = None
    _lines: tuple[str, ...] = field(default=(), repr=False)
    places: Mapping[tuple[str, ...], Place] | None = field(default=None, repr=False, kw_only=True)

    def table(self, *keys: str) -> dict[str, Any]:
        """The table at `keys`, empty if there is none."""
        value: Any = self.data
        for key in keys:
            value = value.get(key) if is_mapping(value) else None
        return value if is_mapping(value) else {}

    def has_header(self, table: tuple[str, ...]) -> bool:
        """Whether a line of its own begins the table at these keys."""
        return any(_header(line) == table for line in self._lines)

    def where(self, table: tuple[str, ...], key: str | None = None) -> Place:
        """The line of a key, else of its table's header, else the first; found by reading lines, not by a parser."""
        if self.places is not None:
            known = self.places.get((*table, key)) if key is not None else None
            return known or self.places.get(table) or Place(self.file, 1, 1)
        start = next((number for number, line in enumerate(self._lines) if _header(line) == table), None)
        if start is None:
            return Place(self.file, 1, 1)
        for number, line in enumerate(self._lines[start + 1 :], start + 1):
            if _header(line):
                break
            if key is not None and _key(line) == key:
                return Place(self.file, number + 1, 1 + len(line) - len(line.lstrip()))
        return Place(self.file, start + 1, 1)


def read_pyproject(file: Path) -> Pyproject | None:
    """The project metadata in `file`, None if there is no such file."""
    if not file.exists():
        return None
    try:
        text = decode(read_bytes(file), file)
    except ManifestError as error:
        return Pyproject(file, {}, error)
    lines = tuple(text.split("\n"))
    try:
        return Pyproject(file, tomllib.loads(text), None, lines)
    except (ValueError, RecursionError) as error:
        return Pyproject(file, {}, _unparsed(error, file, lines), lines)


def short_place(place: Place) -> str:
    """A place as findings in another file name it: the file's own name and the line."""
    return place.file.name if place.line is None else f"{place.file.name}:{place.line}"


def _unparsed(error: Exception, file: Path, lines: tuple[str, ...]) -> ManifestError:
    reason = str(error)
    found = _AT.search(reason)
    # Without numbers the parser came to the end, or gave up on the depth of nesting.
    line, column = (int(found[1]), int(found[2])) if found else (len(lines), 1)
    reason = shown(reason.partition(" (at ")[0], limit=120)
    fix = f"correct the TOML at or before line {line}"
    return ManifestError(f"not valid TOML: {reason}", file=file, line=line, column=column, fix=fix)


def _header(line: str) -> tuple[str, ...]:
    """The names in a table's header, empty for any other line."""
    found = _HEADER.fullmatch(line.rstrip("\r"))
    if not found:
        return ()
    parts = re.findall(r'"([^"]*)"|\'([^\']*)\'|([A-Za-z0-9_-]+)', found[1])
    return tuple("".join(part) for part in parts)


def _key(line: str) -> str:
    return line.partition("=")[0].strip().strip("\"'") if "=" in line else ""
