"""From a spec to a plugin object: import, pick the class, construct, check its name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import zlib
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

from localagent import guide_names
from localagent.errors import PluginFailed
from localagent.host import uncached
from localagent.host.costs import Meter
from localagent.host.places import declaration_of
from localagent.host.spec import SourceKind
from localagent.plugins.base import Plugin

if TYPE_CHECKING:
    from types import ModuleType

    from localagent.host.guard import Guard
    from localagent.host.spec import PluginSpec


def load(spec: PluginSpec, guard: Guard, meter: Meter | None = None) -> Plugin:
    """Import and construct a plugin; a failed attempt leaves `sys.modules` and `sys.path` as they were.

    Raises:
        PluginFailed: at one of the steps ``import``, ``construct``, ``name``.
    """
    meter = meter or Meter()
    guide_names.install()
    traces = Traces(spec)
    plugin = None
    try:
        with meter.step("import"):
            module = guard.call("import", import_entry, spec, passing=(PluginFailed,))
        plugin_class = _class_of(spec, module)
        with meter.step("construct"):
            plugin = _checked(spec, guard.call("construct", plugin_class), guard)
        return plugin
    finally:
        if plugin is None:
            traces.settle()
            traces.erase()


class Traces:
    """What importing a plugin changes in the interpreter, counted from when this is made."""

    def __init__(self, spec: PluginSpec) -> None:
        self._spec = spec
        self._modules = frozenset(sys.modules)
        self._path = tuple(sys.path)

    @property
    def packages(self) -> frozenset[str]:
        """The top-level names of its modules."""
        return frozenset(name.partition(".")[0] for name in self._modules)

    def settle(self) -> None:
        """Keep only what is the plugin's own: its modules, and what was added to the import path."""
        new = set(sys.modules) - self._modules
        self._modules = frozenset(name for name in new if is_own_module(self._spec, name))
        self._path = tuple(entry for entry in sys.path if entry not in self._path)

    def erase(self, *, but: frozenset[str] = frozenset()) -> None:
        """Take it back; modules of the packages in `but` stay, as other plugins use them."""
        tops = self.packages - but
        for name in [name for name in list(sys.modules) if name.partition(".")[0] in tops]:
            del sys.modules[name]
        sys.path[:] = [entry for entry in sys.path if entry not in self._path]
        importlib.invalidate_caches()


def dependencies_of(plugin: Plugin, guard: Guard) -> tuple[str, ...]:
    """What ``Plugin.dependencies`` names, as texts.

    Raises:
        PluginFailed: it is no text and no sequence.
    """
    return guard.call("construct", _texts, plugin)


def _texts(plugin: Plugin) -> tuple[str, ...]:
    declared = plugin.dependencies
    return (declared,) if isinstance(declared, str) else tuple(map(str, declared))


def _type_name(value: object) -> str:
    """The name of a value's type; the value's own ``repr`` would be the plugin's code, outside of the guard."""
    return type(value).__name__


def is_own_module(spec: PluginSpec, name: str) -> bool:
    """Whether a module is the plugin's own; a library is not, since others may use it, nor is what LocalAgent has."""
    if spec.source.kind is SourceKind.BUILT_IN:
        return False
    top = spec.target.partition(":")[0].partition(".")[0]
    if not spec.source.is_folder:
        return name.partition(".")[0] == top
    return _is_in_folder(spec, sys.modules.get(name))


def _is_in_folder(spec: PluginSpec, module: object) -> bool:
    """Whether a module lies in the plugin's source folder."""
    root = str(spec.source.root)
    places = (getattr(module, "__file__", None), *getattr(module, "__path__", ()))
    return any(place and (place == root or place.startswith(f"{root}{os.sep}")) for place in places)


def import_entry(spec: PluginSpec) -> ModuleType:
    """Import the module that a plugin's entry point names.

    Raises:
        PluginFailed: there is no such module. What the module raises passes as it is.
    """
    module = spec.target.partition(":")[0]
    if spec.source.is_folder:
        if spec.module_file is None:
            raise _not_as_declared(spec, f"there is no module '{module}' in {spec.source.root}")
        # It is being written: the next save may be of the same second and size as bytecode of this one.
        uncached.read_from_source(spec.source.root)
        return _import_from_folder(spec.source.root, module, spec.module_file)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise _not_as_declared(spec, f"there is no module '{error.name}'") from error
        raise


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
        loader = uncached.loader_of(name, file)
        found = importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=locations)
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
    kind = "another class" if isinstance(found, type) else f"of the type '{_type_name(found)}'"
    what = "there is no such class" if found is None else f"it is {kind}"
    raise _not_as_declared(spec, f"{module.__name__} should have the plugin class '{path}', but {what}")


def _not_as_declared(spec: PluginSpec, what: str) -> PluginFailed:
    file, line = declaration_of(spec)
    return PluginFailed(
        f"import: {what}",
        plugin=spec.name,
        version=spec.version,
        step="import",
        file=file,
        line=line,
        fix="correct the entry point, or derive the class from CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin",
    )


def _checked(spec: PluginSpec, plugin: object, guard: Guard) -> Plugin:
    """The plugin, provided that it is one, and its name the one it was asked for by."""
    if not isinstance(plugin, Plugin):
        raise PluginFailed(
            f"construct: calling the class gave '{_type_name(plugin)}', which is no plugin and has no 'initialize'",
            plugin=spec.name,
            version=spec.version,
            step="construct",
            file=spec.module_file,
            fix="let __new__ and any decorator of the class give an instance of it",
        )
    name = guard.call("construct", getattr, plugin, "name")
    if type(name) is not str or name != spec.name:
        said = repr(name) if type(name) is str else f"a value of the type '{_type_name(name)}'"
        raise PluginFailed(
            f"name: the class says {said}, the entry point says {spec.name!r}",
            plugin=spec.name,
            version=spec.version,
            step="name",
            file=spec.module_file,
            fix="use one name in both places",
        )
    return plugin
