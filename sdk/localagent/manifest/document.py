"""A YAML document, read strictly, that knows where each of its keys and values stands.

Scalars are those of YAML 1.2: ``NO``, ``010`` and ``12:30`` are text. Tags, anchors, aliases, duplicate keys and
directives are refused, as are files over 256 kB, over 20,000 values or over 50 levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from localagent.errors import ManifestError
from localagent.manifest.composing import Composition, KeyPath, compose
from localagent.manifest.decoding import decode, read_bytes
from localagent.manifest.place import Place
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import called

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping that was read from a file.

    Attributes:
        file: where it was read from.
        data: the mapping as plain dicts, lists, texts, numbers, booleans and None; keys are texts.
    """

    file: Path
    data: dict[str, Any]
    _composition: Composition = field(repr=False, compare=False)

    def where(self, path: KeyPath, *, key: bool = False) -> Place:
        """The place of the value at `path`, or of its key; that of the nearest parent if there is none."""
        places = self._composition.keys if key else self._composition.values
        while path and path not in places:
            path = path[:-1]
        # Where nothing is written, nothing has a place.
        line, column = places[path] if path else self._composition.values.get((), (0, 0))
        return Place(self.file, line + 1, column + 1)

    def at(self, path: KeyPath) -> Any:
        """The value at `path`, None if there is none."""
        value: Any = self.data
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def written(self, path: KeyPath) -> str:
        """The scalar at `path` as its author wrote it, so ``1.10`` and not 1.1."""
        return self._composition.written.get(path, str(self.at(path)))


def read_document(file: Path, *, example: str = "", may_be_empty: bool = False) -> Document:
    """The document in `file`, which must be a regular file.

    `example` is what the error shows as the smallest valid document if there is no mapping at the top. A file without
    any content is an empty mapping if it `may_be_empty`.

    Raises:
        ManifestError: it cannot be read as a mapping; carries file, line, column and fix.
    """
    return parse_document(read_bytes(file), file, example=example, may_be_empty=may_be_empty)


def parse_document(data: bytes, file: Path, *, example: str = "", may_be_empty: bool = False) -> Document:
    """The document that `data`, the content of `file`, holds.

    Raises:
        ManifestError: it cannot be read as a mapping; carries file, line, column and fix.
    """
    composition = compose(decode(data, file), file)
    top: Any = {} if composition.data is None and may_be_empty else composition.data
    if not is_mapping(top):
        line, column = composition.values.get((), (0, 0))
        what = "it is empty" if top is None else f"this is {called(top)}"
        raise ManifestError(
            f"a mapping is needed at the top, but {what}",
            file=file,
            line=line + 1,
            column=column + 1,
            fix=f"the smallest valid one is:\n{example}" if example else "write 'key: value' lines",
        )
    return Document(file, top, composition)
