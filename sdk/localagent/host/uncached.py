"""Modules under some folders are read from their source at each import, never from bytecode.

Bytecode is told from its source by time and size. Two saves within one tick of the file clock that leave the size as it
was would run the code of the first one.
"""

from __future__ import annotations

import linecache
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING

from localagent.host.places import is_below

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

_roots: set[Path] = set()


def read_from_source(root: Path) -> None:
    """Read what lies under `root`, a folder or a single file, from source from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _roots.add(root)


def loader_of(name: str, file: Path) -> SourceFileLoader | None:
    """The loader for a module that must be read from source; None where the usual one will do."""
    return _Uncached(name, str(file)) if _is_meant(str(file)) else None


def forget_lines(root: Path) -> None:
    """Let traces show the lines as they are now."""
    for file in [file for file in linecache.cache if is_below(file, root)]:
        del linecache.cache[file]


def _is_meant(file: str) -> bool:
    return any(is_below(file, root) for root in _roots)


class _Uncached(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Finder:
    """Finds what the usual finder does, under the folders that are meant."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or not isinstance(found.loader, SourceFileLoader) or not _is_meant(found.loader.path):
            return None
        found.loader = _Uncached(fullname, found.loader.path)
        found.cached = None
        return found
