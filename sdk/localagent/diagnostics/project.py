"""A plugin's source tree as the static rules see it: read once, imported never."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from localagent.diagnostics.built import read_built
from localagent.diagnostics.pyproject import Pyproject, read_pyproject
from localagent.diagnostics.source import Source, read_source
from localagent.errors import ManifestError
from localagent.manifest.document import Document, read_document
from localagent.manifest.layout import module_file, package_dirs, project_root
from localagent.manifest.model import (
    ENTRY_POINT_GROUPS,
    KINDS,
    MANIFEST_NAMES,
    SMALLEST_MANIFEST,
    find_manifest,
    manifest_in,
    manifest_of,
)
from localagent.manifest.plain import is_list, is_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Place
    from localagent.manifest.composing import KeyPath


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry point as the manifest states it; name and target are empty where they are no texts."""

    path: KeyPath
    group: str
    name: str
    target: str

    @property
    def kind(self) -> str:
        """``command``, ``provider``, ``ui`` or ``workflow``."""
        return KINDS[self.group]

    @property
    def module(self) -> str:
        """The part of the target before the colon."""
        return self.target.partition(":")[0]

    @property
    def class_name(self) -> str:
        """The part of the target after the colon."""
        return self.target.partition(":")[2]


@dataclass(frozen=True)
class Project:
    """A source tree and its manifest.

    Values of the manifest are asked for by path and type; what is of another type is left out, since one rule
    reports wrong types and the others still want to say what they can.

    Attributes:
        root: the project's folder.
        manifest_file: where the manifest is, or would have to be.
        document: the manifest as read, None if it is missing or unreadable.
        unreadable: why it could not be read, None if it is missing or was read.
        info: the ``.dist-info`` folder beside the modules of a project that was built; None for a source tree.
    """

    root: Path
    manifest_file: Path
    document: Document | None = None
    unreadable: ManifestError | None = None
    info: Path | None = None
    _sources: dict[Path, Source] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def pyproject(self) -> Pyproject | None:
        """The project's metadata, None if there is no ``pyproject.toml`` and nothing was built."""
        if self.info is not None:
            return read_built(self.info)
        return read_pyproject(self.root / "pyproject.toml")

    @property
    def readable_pyproject(self) -> Pyproject | None:
        """The project's metadata, None too where they cannot be read."""
        return self.pyproject if self.pyproject and self.pyproject.problem is None else None

    @cached_property
    def fits_model(self) -> bool:
        """Whether the manifest has the keys and types of the model, which are those of its JSON Schema."""
        if self.document is None:
            return False
        try:
            manifest_of(self.document)
        except ManifestError:
            return False
        return True

    @cached_property
    def package_dirs(self) -> dict[str, str]:
        """Folders by package, as ``pyproject.toml`` maps them."""
        return package_dirs(self.pyproject.data) if self.pyproject else {}

    @cached_property
    def has_tree(self) -> bool:
        """Whether there is a project around the manifest, and not just the one file."""
        if self.info is not None:
            return True
        if any((self.root / name).exists() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
            return True
        return any(self.module_file(entry.module) for entry in self.entries() if entry.module)

    def module_file(self, module: str) -> Path | None:
        """The file of a module of this project."""
        return module_file(self.root, module, self.package_dirs)

    def source(self, file: Path) -> Source:
        """A Python file, parsed once."""
        if file not in self._sources:
            self._sources[file] = read_source(file)
        return self._sources[file]

    def value(self, *path: str | int) -> Any:
        """The manifest's value at `path`, None if there is none."""
        return self.document.at(path) if self.document else None

    def text(self, *path: str | int) -> str:
        """The text at `path`; empty if there is none or it is no text."""
        value = self.value(*path)
        return value if isinstance(value, str) else ""

    def texts(self, *path: str | int) -> Iterator[tuple[KeyPath, str]]:
        """The texts in the list at `path`, each with its own path."""
        for index, item in enumerate(self.items(*path)):
            if isinstance(item, str):
                yield (*path, index), item

    def entries(self) -> Iterator[Entry]:
        """The entry points, in the order of their groups."""
        for group in KINDS:
            for index in range(len(self.items("entry_points", group))):
                path = ("entry_points", group, index)
                if is_mapping(self.value(*path)):
                    yield Entry(path, group, self.text(*path, "name"), self.text(*path, "class"))

    def where(self, *path: str | int, key: bool = False) -> Place:
        """The place of a value of the manifest, or of its key.

        Raises:
            ValueError: the manifest was not read, so nothing has a place.
        """
        if self.document is None:
            raise ValueError("there is no manifest to point into")
        return self.document.where(path, key=key)

    def items(self, *path: str | int) -> list[Any]:
        """The list at `path`, empty if there is none."""
        value = self.value(*path)
        return value if is_list(value) else []


def open_project(path: Path) -> Project:
    """The project in a folder, or around a manifest file."""
    if path.is_dir():
        found = manifest_in(path)
        root = project_root(found) if found and found.parent == path else path
        return _read(root, found) if found else Project(root, path / MANIFEST_NAMES[0])
    if not os.path.lexists(path):
        return Project(path.parent, path)
    return _read(project_root(path), path)


def open_built(info: Path) -> Project:
    """The project that was unpacked or installed beside its ``.dist-info`` folder."""
    root, folders = info.parent, list(_plugin_packages(info))
    found = next(filter(None, map(find_manifest, folders)), None)
    if found is None:
        return Project(root, (folders[0] if folders else info) / MANIFEST_NAMES[0], info=info)
    return _read(root, found, info)


def _plugin_packages(info: Path) -> Iterator[Path]:
    """The folders of the packages that plugins' entry points name, where a build packs the manifest."""
    points = read_built(info).table("project", "entry-points")
    for group in ENTRY_POINT_GROUPS.values():
        for target in points.get(group, {}).values():
            parts = target.partition(":")[0].strip().split(".")
            yield from (info.parent.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1))


def _read(root: Path, file: Path, info: Path | None = None) -> Project:
    try:
        return Project(root, file, read_document(file, example=SMALLEST_MANIFEST), info=info)
    except ManifestError as error:
        return Project(root, file, unreadable=error, info=info)
