"""The file of a plugin's settings schema: its text, its JSON, the places within it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from localagent.diagnostics.diagnostic import Place
from localagent.errors import ManifestError
from localagent.manifest.decoding import decode, read_bytes
from localagent.manifest.document import parse_document
from localagent.manifest.layout import inside, is_file
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from localagent.diagnostics.project import Project
    from localagent.manifest.composing import KeyPath
    from localagent.manifest.document import Document

_USUAL_NAME = "config_schema.json"
_DEEPEST = 500
# A text is passed over as a whole, so that brackets in it do not count.
_BRACKET_OR_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|([\[\]{}])')


@dataclass(frozen=True)
class SettingsSchema:
    """A schema file.

    Attributes:
        file: where it was read from.
        text: its content; empty if it cannot be read.
        value: the JSON value; None if it cannot be read.
        problem: why it cannot be read, with its place; None if it was.
    """

    file: Path
    text: str
    value: Any
    problem: ManifestError | None = None

    @cached_property
    def _document(self) -> Document | None:
        """The file read as YAML, of which JSON is nearly a subset: that reader knows places."""
        try:
            return parse_document(self.text.encode(), self.file)
        except ManifestError:
            return None

    def where(self, path: KeyPath) -> Place:
        """The place of the value at `path`; the beginning where that is not known."""
        return self._document.where(path) if self._document else Place(self.file, 1, 1)


def settings_schema_of(project: Project) -> SettingsSchema | None:
    """The settings schema that the manifest names, else the one beside it; None if there is neither."""
    folder = project.manifest_file.parent
    file = inside(folder, project.text("configuration", "schema_file") or _USUAL_NAME)
    return _read(file) if file and is_file(file) else None


def _read(file: Path) -> SettingsSchema:
    try:
        text = decode(read_bytes(file), file)
    except ManifestError as error:
        return SettingsSchema(file, "", None, error)
    try:
        _refuse_depth(text)
        return SettingsSchema(file, text, json.loads(text, parse_constant=_refuse_constant))
    except json.JSONDecodeError as error:
        problem, line, column = error.msg, error.lineno, error.colno
    except (ValueError, RecursionError) as error:
        problem, line, column = str(error), 1, 1
    reason = f"not valid JSON: {shown(problem, limit=120)}"
    fix = f"correct the JSON at or before line {line}"
    return SettingsSchema(file, text, None, ManifestError(reason, file=file, line=line, column=column, fix=fix))


def _refuse_depth(text: str) -> None:
    """Refuse what is nested deeper than `_DEEPEST`; how deep the parser itself would go depends on the Python."""
    depth = 0
    for bracket in _BRACKET_OR_TEXT.findall(text):
        depth += (bracket in "[{") - (bracket in "]}") if bracket else 0
        if depth > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
