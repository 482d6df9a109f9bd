"""What a ``.dist-info`` folder says of a distribution, as the tables of ``pyproject.toml`` that it was built from."""

from __future__ import annotations

import re
from typing import Any

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.pyproject import Pyproject
from localagent.errors import ManifestError
from localagent.manifest.decoding import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST = 16 * 1024 * 1024
_SINGLE = frozenset({"name", "version", "requires-python"})
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def read_built(info: Path) -> Pyproject:
    """The metadata and entry points in `info`, with the places of their lines."""
    file = info / "METADATA"
    try:
        headers = list(_headers(_lines(file)))
    except ManifestError as error:
        return Pyproject(file, {}, error)
    metadata, places = _project_table(headers, file)
    points, point_places = _entry_points(info / "entry_points.txt")
    table = {**metadata, "entry-points": points}
    return Pyproject(file, {"project": table}, places={**places, **point_places})


def top_level_names(info: Path) -> frozenset[str]:
    """Names by which the modules and packages of an installed distribution are imported, as its RECORD tells."""
    import csv

    try:
        paths = [row[0] for row in csv.reader(_lines(info / "RECORD")) if row]
    except (ManifestError, csv.Error):
        return frozenset()
    tops = {path.partition("/")[0] for path in paths if path.endswith((".py", ".so", ".pyd"))}
    return frozenset(top.partition(".")[0] for top in tops)


def _headers(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    """Name in small letters, value and line number of each header; the description after them is left out."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            return
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            yield name.lower(), value.strip(), number


def _project_table(
    headers: list[tuple[str, str, int]], file: Path
) -> tuple[dict[str, Any], dict[tuple[str, ...], Place]]:
    table: dict[str, Any] = {"dependencies": [], "optional-dependencies": {}}
    places: dict[tuple[str, ...], Place] = {}
    for name, value, line in headers:
        if name in _SINGLE:
            table[name] = value
            places["project", name] = Place(file, line, 1)
        elif name == "requires-dist":
            extra = _EXTRA.search(value)
            listed = table["optional-dependencies"].setdefault(extra[1], []) if extra else table["dependencies"]
            listed.append(value)
            places.setdefault(("project", "dependencies"), Place(file, line, 1))
    return table, places


def _entry_points(file: Path) -> tuple[dict[str, dict[str, str]], dict[tuple[str, ...], Place]]:
    """Targets by group and name, and the places of both; empty where they cannot be read."""
    points: dict[str, dict[str, str]] = {}
    places: dict[tuple[str, ...], Place] = {("project", "entry-points"): Place(file, 1, 1)}
    group = ""
    try:
        lines = _lines(file)
    except ManifestError:
        return points, places
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        name, sign, target = (part.strip() for part in text.partition("="))
        if text.startswith("[") and text.endswith("]"):
            group = text[1:-1].strip()
            places["project", "entry-points", group] = Place(file, number, 1)
        elif group and sign and not text.startswith(("#", ";")):
            points.setdefault(group, {})[name] = target
            places["project", "entry-points", group, name] = Place(file, number, 1)
    return points, places


def _lines(file: Path) -> list[str]:
    return read_bytes(file, limit=_MOST).decode("utf-8", "replace").splitlines()
