"""From a spec to a plugin object: import, pick the class, construct, check its name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import zlib
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

from localagent import guide_names
from localagent.errors import PluginFailed
from localagent.plugins.base import Plugin

if TYPE_CHECKING:
    from types import ModuleType

    from localagent.host.guard import Guard
    from localagent.host.spec import PluginSpec


def load(spec: PluginSpec, guard: Guard) -> Plugin:
    """Import and construct a plugin; what a failed attempt imported is taken out of `sys.modules` again.

    Raises:
        PluginFailed: at one of the steps ``import``, ``construct``, ``name``.
    """
    guide_names.install()
    before = set(sys.modules)
    try:
        plugin_class = _class_of(spec, guard.call("import", _import, spec))
        plugin = guard.call("construct", plugin_class)
        return _checked(spec, plugin, guard)
    except PluginFailed:
        _purge(set(sys.modules) - before, spec)
        raise


def _import(spec: PluginSpec) -> ModuleType:
    module = spec.target.partition(":")[0]
    if not spec.source.is_folder:
        return importlib.import_module(module)
    if spec.module_file is None:
        raise ModuleNotFoundError(f"{spec.source.root} has no module '{module}'", name=module)
    return _import_from_folder(spec.source.root, module, spec.module_file)


def _import_from_folder(root: Path, module: str, file: Path) -> ModuleType:
    """Import a module of a source folder as part of a package, whether or not the folder is installed.

    ``pkg.plugin`` is imported under that name; a lone ``plugin`` becomes a module of a package named after the folder,
    so that two folders with a ``plugin.py`` cannot collide.
    """
    if root.is_file():
        return _load(_free_name(root.stem, root), root, package=None)
    parts = module.split(".")
    package, inner = (parts[0], parts[1:]) if len(parts) > 1 else (_python_name(root.name), parts)
    folder = file.parents[len(inner) - 1] if file.name != "__init__.py" else file.parents[len(inner)]
    name = _free_name(package, folder)
    if name not in sys.modules:
        _load(name, folder / "__init__.py", package=folder)
    return importlib.import_module(".".join((name, *inner)))


def _load(name: str, file: Path, *, package: Path | None) -> ModuleType:
    """Execute `file` as module `name`; a package without ``__init__.py`` becomes an empty module with a search path."""
    if package is not None and not file.is_file():
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(package)]
    else:
        locations = [str(package)] if package is not None else None
        found = importlib.util.spec_from_file_location(name, file, submodule_search_locations=locations)
        if found is None or found.loader is None:
            raise ImportError(f"{file} is no Python source", name=name, path=str(file))
        spec = found
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if spec.loader is not None:
        spec.loader.exec_module(module)
    return module


def _free_name(name: str, place: Path) -> str:
    """`name`, or a name of its own for `place` where another module has or would get that name."""
    present = sys.modules.get(name)
    taken = _place_of(present.__spec__) if present is not None else _place_of(_find(name))
    if taken is None or taken == place:
        return name
    return f"{name}__{zlib.crc32(str(place).encode()):08x}"


def _find(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _place_of(spec: ModuleSpec | None) -> Path | None:
    """The folder of a package or the file of a module; None where nothing real is there."""
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.has_location and spec.origin else Path(spec.name)


def _python_name(folder_name: str) -> str:
    name = "".join(char if char.isidentifier() or char.isdigit() else "_" for char in folder_name)
    return name if name.isidentifier() else f"_{name}"


def _class_of(spec: PluginSpec, module: ModuleType) -> type[Plugin]:
    path = spec.target.partition(":")[2]
    found: object = module
    for attribute in path.split("."):
        found = getattr(found, attribute, None)
    if inspect.isclass(found) and issubclass(found, Plugin):
        return found
    what = "there is no such class" if found is None else f"it is no plugin class but {type(found).__name__!r}"
    raise PluginFailed(
        f"import: {module.__name__} should have the plugin class '{path}', but {what}",
        plugin=spec.name,
        step="import",
        file=getattr(module, "__file__", None),
        line=1,
        fix="correct the entry point, or derive the class from CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin",
    )


def _checked(spec: PluginSpec, plugin: Plugin, guard: Guard) -> Plugin:
    """The plugin, provided that its name is a text and the one it was asked for by."""
    name = guard.call("construct", getattr, plugin, "name")
    if name != spec.name:
        raise PluginFailed(
            f"name: the class says {name!r}, the entry point says {spec.name!r}",
            plugin=spec.name,
            step="name",
            file=spec.module_file,
            fix="use one name in both places",
        )
    return plugin


def _purge(new: set[str], spec: PluginSpec) -> None:
    """Forget the plugin's own modules that were imported just now; libraries stay, as others may use them."""
    root = spec.code_root
    for name in new:
        file = getattr(sys.modules.get(name), "__file__", None)
        is_own = file is not None and root is not None and Path(file).resolve().is_relative_to(root)
        if is_own or name.partition(".")[0] == spec.target.partition(":")[0].partition(".")[0]:
            sys.modules.pop(name, None)
