"""Layers of settings, merged so that each value remembers where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.manifest.plain import is_mapping
from localagent.plugins.config_schema import merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from localagent.manifest.composing import KeyPath
    from localagent.manifest.document import Document


class Origin(NamedTuple):
    """Where a value was said.

    Attributes:
        kind: ``default``, ``file``, ``environment`` or ``command line``.
        file: the file, for that kind; None otherwise.
        line: 1-based line in `file`.
        column: 1-based column in `line`.
        name: the variable, or the words of the command line; empty for other kinds.
    """

    kind: str
    file: Path | None = None
    line: int | None = None
    column: int | None = None
    name: str = ""

    def __str__(self) -> str:
        if self.file is not None:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.kind} {self.name}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The origin as JSON values: kind, file, line, column, name."""
        file = None if self.file is None else str(self.file)
        return {"kind": self.kind, "file": file, "line": self.line, "column": self.column, "name": self.name}


DEFAULT = Origin("default")
"""What the schema gives where nobody says anything."""
_NO_NAMES: Mapping[KeyPath, str] = {}


class Layer(NamedTuple):
    """Settings from one source.

    Attributes:
        values: the settings.
        document: the file they were read from; None for other sources.
        section: the keys in `document` below which the settings stand.
        names: by key of `values` the variable or the words that said it.
        kind: the kind of `Origin` where there is no document.
    """

    values: Mapping[str, Any]
    document: Document | None = None
    section: KeyPath = ()
    names: Mapping[KeyPath, str] = _NO_NAMES
    kind: str = "default"

    def has(self, path: KeyPath) -> bool:
        """Whether a value stands at `path`, in a list or a mapping."""
        value: Any = self.values
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def origin_of(self, path: KeyPath) -> Origin:
        """Where this layer says the value at `path`."""
        if self.document is not None:
            place = self.document.where((*self.section, *path))
            return Origin("file", place.file, place.line, place.column)
        named = next((self.names[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.names), "")
        return Origin(self.kind, name=named)


class Layered(NamedTuple):
    """Settings as all layers together say them.

    Attributes:
        values: the settings.
        owners: by path of each value that is no mapping, the layer it is from; a list is one value.
    """

    values: dict[str, Any]
    owners: Mapping[KeyPath, Layer]

    def origin_of(self, path: KeyPath) -> Origin:
        """Where the value at `path` was said; what nobody said is a default."""
        for end in range(len(path), 0, -1):
            layer = self.owners.get(path[:end])
            if layer is not None:
                return layer.origin_of(path) if layer.has(path) else DEFAULT
        inner = [layer for owned, layer in self.owners.items() if owned[: len(path)] == path and layer.document]
        return inner[-1].origin_of(path) if path and inner else DEFAULT

    def leaves(self) -> Iterator[tuple[KeyPath, Any, Origin]]:
        """Path, value and origin of each value that is no mapping, in the order of the settings."""
        for path, value in leaves_of(self.values):
            yield path, value, self.origin_of(path)


def merge_layers(layers: Sequence[Layer]) -> Layered:
    """All layers over each other, the first lowest: mappings key by key, everything else replaced."""
    values: dict[str, Any] = {}
    owners: dict[KeyPath, Layer] = {}
    for layer in layers:
        values = merge(values, layer.values)
        owners |= {path: layer for path, _ in leaves_of(layer.values)}
    present = [path for path, _ in leaves_of(values)]
    return Layered(values, {path: owners[path] for path in present})


def leaves_of(settings: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Path and value of each value that is no mapping, an empty one excepted."""
    for key, value in settings.items():
        if is_mapping(value) and value:
            yield from leaves_of(value, (*path, key))
        else:
            yield (*path, key), value
