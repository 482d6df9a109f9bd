"""Which plugins a source folder or a single file holds, found out without importing anything."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from localagent.errors import ManifestError
from localagent.host.distributions import GROUP_PREFIX, KIND_OF_GROUP
from localagent.host.spec import CommandHelp, Flaw, PluginSpec, Source
from localagent.manifest.document import read_document
from localagent.manifest.layout import is_file, module_file, package_dirs
from localagent.manifest.model import manifest_in, read_manifest
from localagent.manifest.plain import is_mapping, table_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from localagent.manifest.composing import KeyPath
    from localagent.manifest.model import EntryPoint, Manifest, Permissions

MARKS = ("plugin-manifest.yaml", "plugin.yaml", "pyproject.toml", "setup.py", "plugin.py")
"""A folder is a plugin only if it has one of these; anything else is data."""

_NO_TREE = (OSError, ValueError, RecursionError, MemoryError)
"""Why a file may have no syntax tree besides an error of syntax: absent, no text, too deep."""

_KIND_OF_BASE = {
    "CommandPlugin": "command",
    "ProviderPlugin": "provider",
    "UIPlugin": "ui",
    "WorkflowPlugin": "workflow",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """A plugin as one of the ways of identifying tells it."""

    kind: str
    name: str
    target: str
    version: str = ""
    description: str = ""
    flaw: Flaw | None = None

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]

    def spec(self, source: Source, module: Path | None) -> PluginSpec:
        """The plugin as found in `source`, with the file of its entry module."""
        return PluginSpec(
            self.name,
            self.kind,
            self.target,
            source,
            version=self.version,
            description=self.description,
            module_file=module,
            flaw=self.flaw,
        )


def is_plugin_folder(folder: Path) -> bool:
    """Whether `folder` has anything that makes it a plugin rather than data."""
    return any(is_file(folder / mark) for mark in MARKS) or manifest_in(folder) is not None


def identify_folder(root: Path, source: Source) -> list[PluginSpec]:
    """The plugins in the source folder `root`: by manifest, project metadata, ``setup.py``, or class, in that order."""
    pyproject = read_pyproject(root)
    manifest_file = manifest_in(root)
    if manifest_file is not None:
        try:
            manifest = read_manifest(manifest_file)
        except ManifestError as error:
            flaw = Flaw("manifest", error.message, error.place, error.fix or f"localagent dev validate {root}")
            return [PluginSpec(root.name, "", "", source, manifest_file=manifest_file, flaw=flaw)]
        return [_from_manifest(manifest, entry, source, root, pyproject) for entry in manifest.entry_points]
    found = list(_of_pyproject(pyproject, root)) or list(_of_setup(root)) or list(_of_classes(root / "plugin.py"))
    if not found:
        return [PluginSpec(root.name, "", "", source, flaw=_unidentified(root))]
    dirs = package_dirs(pyproject)
    return [item.spec(source, module_file(root, item.module, dirs)) for item in found]


def identify_file(file: Path, source: Source) -> list[PluginSpec]:
    """The plugins in a single ``.py`` file; none if it has no plugin class with a literal name."""
    return [item.spec(source, file) for item in _of_classes(file)]


def read_pyproject(root: Path) -> Mapping[str, Any]:
    """``pyproject.toml`` of `root`; empty where there is none or it cannot be read as TOML."""
    import tomllib

    try:
        return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def describe(manifest: Manifest, entry: EntryPoint | None) -> dict[str, Any]:
    """What a manifest adds to a spec, as keyword arguments of `PluginSpec`."""
    named = manifest.configuration.schema_file
    own = _own_schema(manifest, entry)
    return {
        "version": manifest.version,
        "description": manifest.description,
        "commands": tuple(CommandHelp(command.name, command.help) for command in entry.commands) if entry else (),
        "activation": entry.activation if entry else (),
        "requires": manifest.dependencies.plugins,
        "required_settings": () if own else manifest.configuration.required_settings,
        "permissions": permission_words(manifest.permissions),
        "schema_file": own or (manifest.file.parent / named if named else None),
        "manifest_file": manifest.file,
        "flaw": incompatibility(manifest),
    }


def _own_schema(manifest: Manifest, entry: EntryPoint | None) -> Path | None:
    """The schema beside a plugin's module, where that has another folder than the manifest; its only one then."""
    from localagent.plugins.config_schema import schema_beside

    below = entry.target.partition(":")[0].split(".")[1:-1] if entry else []
    return schema_beside(manifest.file.parent.joinpath(*below)) if below else None


def permission_words(permissions: Permissions) -> tuple[str, ...]:
    """Declared permissions as ``what`` or ``what: detail, detail``, in the order of the manifest's model."""
    declared = ((item.name, getattr(permissions, item.name)) for item in fields(permissions))
    return tuple(
        what if detail is True else f"{what}: {', '.join(map(str, detail))}" for what, detail in declared if detail
    )


def incompatibility(manifest: Manifest) -> Flaw | None:
    """Why this host or this Python is too old or too new for a plugin, None if it is neither."""
    import platform

    from localagent.version import __version__

    for what, present in (("LocalAgent", __version__), ("Python", platform.python_version())):
        for key in (f"{what.lower()}_min_version", f"{what.lower()}_max_version"):
            bound = getattr(manifest.compatibility, key)
            if bound and (reason := _out_of_bound(what, present, bound, lowest="_min_" in key)):
                fix = f"use another {what}, or another version of the plugin" if reason.startswith("needs") else ""
                return Flaw("compatibility", reason, _place_of(manifest.file, ("compatibility", key)), fix)
    return None


def _out_of_bound(what: str, present: str, bound: str, *, lowest: bool) -> str:
    """Why a version is not within a bound; empty if it is."""
    from packaging.version import InvalidVersion, Version

    try:
        limit = Version(bound)
    except InvalidVersion:
        return f"'{bound}' is not a version"
    if lowest:
        return f"needs {what} >= {bound}, this is {present}" if Version(present) < limit else ""
    # An upper bound of 3.12 means all of 3.12, so only as many numbers as it has are compared.
    is_beyond = Version(present).release[: len(limit.release)] > limit.release
    return f"needs {what} <= {bound}, this is {present}" if is_beyond else ""


def _place_of(file: Path, path: KeyPath) -> str:
    """The place of a value in a manifest, which may have changed since it was read."""
    try:
        return str(read_document(file).where(path))
    except ManifestError:
        return str(file)


def _from_manifest(
    manifest: Manifest, entry: EntryPoint, source: Source, root: Path, pyproject: Mapping[str, Any]
) -> PluginSpec:
    file = module_file(root, entry.target.partition(":")[0], package_dirs(pyproject))
    return PluginSpec(entry.name, entry.kind, entry.target, source, module_file=file, **describe(manifest, entry))


def _of_pyproject(pyproject: Mapping[str, Any], root: Path) -> Iterator[_Found]:
    """Entry points in the project metadata; tables that are none count as absent."""
    project = table_at(pyproject, "project")
    version, description = _text(project.get("version")), _text(project.get("description"))
    for group, entries in table_at(project, "entry-points").items():
        kind = _kind_of(group)
        for name, target in entries.items() if kind and is_mapping(entries) else ():
            if name and _text(target):
                yield _Found(kind, name, target, version, description)
            else:
                yield _Found(kind, name or root.name, "", version, description, _broken_entry(group, name, root))


def _of_setup(root: Path) -> Iterator[_Found]:
    """Entry points written literally in the ``setup(...)`` call."""
    tree = _parse(root / "setup.py")
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and node.keywords:
            arguments = {keyword.arg: _literal(keyword.value) for keyword in node.keywords if keyword.arg}
            groups = arguments.get("entry_points")
            if is_mapping(groups):
                yield from _of_groups(groups, _text(arguments.get("version")), _text(arguments.get("description")))


def _of_groups(groups: dict[Any, Any], version: str, description: str) -> Iterator[_Found]:
    for group, lines in groups.items():
        kind = _kind_of(group)
        for line in _lines(lines) if kind else ():
            name, _, target = (part.strip() for part in line.partition("="))
            if name and target and not any(map(str.isspace, target)):
                yield _Found(kind, name, target, version, description)


def _kind_of(group: Any) -> str:
    """The kind of plugin that a group of entry points is for; empty for any other group."""
    is_ours = isinstance(group, str) and group.startswith(GROUP_PREFIX)
    return KIND_OF_GROUP.get(group.removeprefix(GROUP_PREFIX), "") if is_ours else ""


def _lines(value: Any) -> list[str]:
    """The entry points of a group in ``setup.py``: one text with a line for each, or a list of texts."""
    if isinstance(value, str):
        return value.splitlines()
    lines = cast("Iterable[Any]", value) if isinstance(value, list | tuple) else ()
    return [line for line in lines if isinstance(line, str)]


def _text(value: Any) -> str:
    """`value` if it is a text; what is of another type counts as absent."""
    return value if isinstance(value, str) else ""


def _of_classes(file: Path) -> Iterator[_Found]:
    """Classes of `file` whose base ends in ``Plugin`` and whose name is written literally."""
    tree = _parse(file)
    for node in tree.body if tree else ():
        if not isinstance(node, ast.ClassDef):
            continue
        bases = [_last_name(base) for base in node.bases]
        name = _literal_member(node, "name")
        if name and any(base.endswith("Plugin") for base in bases):
            kind = next((_KIND_OF_BASE[base] for base in bases if base in _KIND_OF_BASE), _kind_by_method(node))
            version, description = _literal_member(node, "version"), _literal_member(node, "description")
            yield _Found(kind, name, f"{file.stem}:{node.name}", version, description)


def _parse(file: Path) -> ast.Module | None:
    try:
        return _tree(file)
    except (SyntaxError, *_NO_TREE):
        # Without a tree there is nothing to identify.
        return None


def _tree(file: Path) -> ast.Module:
    # What the compiler would say of an invalid escape is for the plugin's author, who meets it on loading.
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(file.read_bytes(), filename=str(file))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _literal_member(cls: ast.ClassDef, member: str) -> str:
    """A text that a class gives as an attribute or as a property that only returns it."""
    for node in cls.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=expression) if name == member:
                value = _literal(expression)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as expression) if name == member:
                value = _literal(expression)
            case ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as expression)]) if name == member:
                value = _literal(expression)
            case _:
                continue
        if isinstance(value, str):
            return value
    return ""


def _kind_by_method(cls: ast.ClassDef) -> str:
    """The kind of a plugin whose bases say none: a class that registers commands is a command plugin."""
    names = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)}
    return "command" if "register_commands" in names else ""


def _unidentified(root: Path) -> Flaw:
    """Why no plugin was found in a folder: its ``plugin.py`` is no Python, or nothing in the folder tells."""
    file = root / "plugin.py"
    error = _syntax_error(file)
    if error is not None:
        return Flaw("import", f"import: SyntaxError: {error.msg}", f"{file}:{error.lineno}", f"correct {file}")
    return Flaw(
        "identity",
        "which plugin this is cannot be told: no manifest, no entry point, no plugin class with a literal name",
        str(root),
        f"write a plugin-manifest.yaml in {root}; 'localagent dev validate {root}' shows the smallest one",
    )


def _syntax_error(file: Path) -> SyntaxError | None:
    try:
        _tree(file)
    except SyntaxError as error:
        return error
    except _NO_TREE:
        return None
    return None


def _broken_entry(group: str, name: str, root: Path) -> Flaw:
    file = root / "pyproject.toml"
    return Flaw(
        "identity",
        f'\'{name}\' in [project.entry-points."{group}"] is no entry point: expected {name or "name"} = "module:Class"',
        str(file),
        f"correct the entry point in {file}",
    )
