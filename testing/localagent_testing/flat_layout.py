"""A plugin whose folder is its package: its module is one object, whether ``plugin`` or ``package.plugin`` is imported.

Tests import the module by its file's name, the host imports it as part of the package. Two module objects would mean
two classes of one name, and what a test changes in one would not show in the other.
"""

from __future__ import annotations

import sys
from functools import cached_property
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from localagent.host.spec import PluginSpec


class FlatLayout:
    """A meta path finder for the folder of one plugin; it is looked at when a module may be from there.

    Args:
        manifest: the manifest in that folder.
    """

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._root = manifest.parent
        self._replaced: dict[str, ModuleSpec | None] = {}
        self._is_looking = False

    def install(self) -> None:
        """Answer before the folder's place on the import path does."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Answer no more."""
        sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for the package, or for one of its entry modules by the file's name alone, else None."""
        # Looking imports modules, too.
        if path is not None or "." in name or self._is_looking or not self._may_be_here(name):
            return None
        self._is_looking = True
        try:
            is_entry, is_package = name in self._entries, name in self._packages
        finally:
            self._is_looking = False
        if is_entry:
            return ModuleSpec(name, self)  # type: ignore[arg-type] # it has what the protocol asks for
        return self._package(name) if is_package else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module as the host imports it."""
        from localagent.host.loading import import_entry

        module = import_entry(self._entries[spec.name])
        self._replaced[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back, which the import system has just replaced; it was executed before."""
        alias = module.__spec__.name if module.__spec__ is not None else ""
        module.__spec__ = self._replaced.pop(alias)

    def _may_be_here(self, name: str) -> bool:
        """Whether it is worth a look: most names are those of libraries."""
        return (self._root / f"{name}.py").is_file() or f"{name}.".encode() in self._text

    @cached_property
    def _text(self) -> bytes:
        return self._manifest.read_bytes()

    @cached_property
    def _entries(self) -> dict[str, PluginSpec]:
        """The plugin of each entry module that lies in the folder itself, by the module's file."""
        from localagent.host.identity import identify_folder
        from localagent.host.spec import Source, SourceKind

        specs = identify_folder(self._root, Source(SourceKind.DEVELOPMENT, self._root))
        return {
            spec.module_file.stem: spec
            for spec in specs
            if spec.module_file is not None and spec.module_file.parent == self._root
        }

    @cached_property
    def _packages(self) -> frozenset[str]:
        """What entry points call the folder as a package."""
        modules = (spec.target.partition(":")[0] for spec in self._entries.values())
        return frozenset(module.partition(".")[0] for module in modules if "." in module)

    def _package(self, name: str) -> ModuleSpec | None:
        file = self._root / "__init__.py"
        if file.is_file():
            return spec_from_file_location(name, file, submodule_search_locations=[str(self._root)])
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(self._root)]
        return spec
