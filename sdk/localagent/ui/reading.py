"""Data for components, read from a file or a stream; whatever does not fit is told with its place and what would."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from localagent.errors import ManifestError, UnfitData, UsageError
from localagent.manifest.composing import compose

_JSON_STARTS = ("[", "{", '"')
ANY_DATA = "JSON, or CSV with the names of the columns in its first line"


def read_data(file: Path, *, wanted: str = ANY_DATA) -> Any:
    """The data in a file: JSON, rows where it ends in ``.csv``, else text where it does not end in ``.json``.

    Args:
        file: what is read.
        wanted: the data that are expected, in words, for errors.

    Raises:
        UnfitData: its content is not what its name says; carries line and column.
        UsageError: it cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the data: {error.strerror}", file=file, fix=f"give {wanted}") from error
    return parse_data(content, str(file), form=file.suffix.lower(), wanted=wanted)


def parse_data(content: bytes, name: str, *, form: str = "", wanted: str = ANY_DATA, takes_text: bool = False) -> Any:
    """The data that `content` holds.

    Args:
        content: the bytes, UTF-8.
        name: where they come from, for errors.
        form: ``.json``, ``.csv`` or another ending, which means text; empty means what it looks like.
        wanted: the data that are expected, in words, for errors.
        takes_text: whether what looks like no JSON is text rather than CSV.

    Raises:
        UnfitData: it is not of that form; carries line and column.
    """
    text = _decoded(content, name, wanted)
    if not form:
        form = _looks_like(text, takes_text=takes_text)
    if form == ".json":
        return _json(text, name, wanted)
    return _rows(text, name, wanted) if form == ".csv" else text


def _decoded(content: bytes, name: str, wanted: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        message = f"the data are not UTF-8: the byte {content[error.start]:#04x}"
        raise UnfitData(message, wanted=wanted, file=name, line=line, column=column) from error


def _looks_like(text: str, *, takes_text: bool) -> str:
    if text.lstrip().startswith(_JSON_STARTS):
        return ".json"
    return ".txt" if takes_text else ".csv"


def _json(text: str, name: str, wanted: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = "the data are empty" if not text.strip() else f"the data are no JSON: {error.msg}"
        raise UnfitData(message, wanted=wanted, file=name, line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise UnfitData("the data are nested too deeply", wanted=wanted, file=name) from error


def _rows(text: str, name: str, wanted: str) -> list[dict[str, str]]:
    """The rows of a CSV text by the names in its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        message = f"the data are no CSV: {error}"
        raise UnfitData(message, wanted=wanted, file=name, line=reader.line_num) from error
    if not lines:
        raise UnfitData("the data are empty", wanted=wanted, file=name, line=1)
    (first, head), *rest = lines
    twice = next((cell for cell in head if head.count(cell) > 1), None)
    if twice is not None:
        raise UnfitData(f"two columns are called '{twice}'", wanted=wanted, file=name, line=first)
    for number, cells in rest:
        if len(cells) != len(head):
            message = f"{len(cells)} cells, where the first line names {len(head)} columns"
            raise UnfitData(message, wanted=wanted, file=name, line=number)
    return [dict(zip(head, cells, strict=True)) for _, cells in rest]


def place_of(content: bytes, path: tuple[str | int, ...]) -> tuple[int | None, int | None]:
    """Line and column of the value at `path` in a JSON text; nothing where that is not known."""
    try:
        values = compose(content.decode("utf-8-sig"), Path()).values
    except (ManifestError, UnicodeDecodeError):
        # Not read as strictly as a manifest is: the place is all that is lost.
        return None, None
    place = values.get(path)
    return (None, None) if place is None else (place[0] + 1, place[1] + 1)
