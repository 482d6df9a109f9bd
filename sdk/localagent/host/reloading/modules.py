"""The modules of plugins, taken out of the interpreter's table and put back."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from localagent.host import uncached
from localagent.host.loading import is_own_module

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from localagent.host.spec import PluginSpec


def own_modules(spec: PluginSpec) -> dict[str, ModuleType]:
    """The modules of a plugin that are imported, by name."""
    root = spec.code_root if spec.source.is_folder else None
    found = tuple(sys.modules.items())
    if root is None:
        return {name: module for name, module in found if is_own_module(spec, name)}
    # The same for source folders in a fraction of the time: most modules are not even looked at.
    start = str(root)
    return {name: module for name, module in found if _begins_with(module, start) and is_own_module(spec, name)}


class TakenOut:
    """The modules of some plugins as they were, out of reach for imports."""

    def __init__(self, specs: Iterable[PluginSpec]) -> None:
        self._specs = tuple(specs)
        self.modules: dict[str, ModuleType] = {}
        for spec in self._specs:
            self.modules |= own_modules(spec)
            if spec.code_root is not None:
                uncached.read_from_source(spec.code_root)
                uncached.forget_lines(spec.code_root)
        for name in self.modules:
            del sys.modules[name]
        importlib.invalidate_caches()

    def put_back(self) -> None:
        """Have the modules as they were, and none of those that were imported in their place."""
        for spec in self._specs:
            for name in own_modules(spec):
                del sys.modules[name]
        sys.modules.update(self.modules)
        importlib.invalidate_caches()


def _begins_with(module: object, start: str) -> bool:
    """Whether a module may lie at or below a place that is written as `start`."""
    file = getattr(module, "__file__", None)
    return file.startswith(start) if file is not None else any(map(start.__eq__, getattr(module, "__path__", ())))
