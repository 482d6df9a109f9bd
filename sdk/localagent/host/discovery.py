"""Every plugin there is, found without importing any: development folders, home folder, distributions."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import ManifestError
from localagent.host import distributions, identity
from localagent.host.consent import is_trusted
from localagent.host.found import Discovery
from localagent.host.spec import Flaw, PluginSpec, Source, SourceKind
from localagent.manifest.layout import is_file, module_file, package_dirs
from localagent.manifest.model import find_manifest, manifest_in, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localagent.host.distributions import PluginDistribution, PluginEntry
    from localagent.services.home import Home


def discover(
    home: Home,
    *,
    import_path: Iterable[str],
    development: Iterable[Path] = (),
    trusted: tuple[Path, ...] = (),
    current: Path | None = None,
) -> Discovery:
    """Find plugins in all sources.

    Args:
        home: LocalAgent's home; its ``plugins`` folder is a source.
        import_path: where to look for distributions.
        development: the development folders, in order.
        trusted: folders the user agreed to run.
        current: the current folder; development folders below it are untrusted unless in `trusted`.
    """
    installed = distributions.scan(import_path)
    sources = [*((folder, SourceKind.DEVELOPMENT) for folder in development), (home.plugins, SourceKind.HOME)]
    rests_on = [*installed.rests_on]
    folder_specs: list[PluginSpec] = []
    for folder, kind in sources:
        rests_on.append(str(folder))
        is_strange = kind is SourceKind.DEVELOPMENT and current is not None and _is_strange(folder, current, home.path)
        for child in _children(folder):
            source = Source(kind, child, trusted=not is_strange or is_trusted(child, trusted))
            folder_specs += _in_child(child, source)
            rests_on += _tree(child)
    installed_specs = [_from_distribution(each, entry) for each in installed.distributions for entry in each.entries]
    for each in installed.distributions:
        rests_on += _tree(each.editable) if each.editable else ()
    specs = tuple(_merge(folder_specs, installed_specs))
    rests_on += [str(file) for spec in specs for file in _files_of(spec) if spec.source.is_folder]
    return Discovery(specs, installed.unreadable, tuple(dict.fromkeys(rests_on)))


def _children(folder: Path) -> list[Path]:
    """What lies in a source folder, as real paths; what begins with a dot or an underscore is nobody's plugin."""
    try:
        return sorted(_real(child) for child in folder.iterdir() if not child.name.startswith((".", "_")))
    except OSError:
        # A source folder that is absent or may not be listed holds nothing to offer; doctor looks at the home.
        return []


def _in_child(child: Path, source: Source) -> list[PluginSpec]:
    if os.path.isdir(child):  # noqa: PTH112 - unlike Path.is_dir it takes what may not be looked at
        return identity.identify_folder(child, source) if identity.is_plugin_folder(child) else []
    return identity.identify_file(child, source) if child.suffix == ".py" and is_file(child) else []


def _tree(root: Path) -> Iterator[str]:
    """The folders and files of a source tree that decide which plugins it holds."""
    yield str(root)
    if os.path.isdir(root):  # noqa: PTH112 - as above
        yield from (str(root / mark) for mark in identity.MARKS)
        yield from (str(folder) for pattern in ("*/", "src/*/") for folder in root.glob(pattern) if _is_code(folder))


def _is_code(folder: Path) -> bool:
    return not folder.name.startswith((".", "__")) and is_file(folder / "__init__.py")


def _files_of(spec: PluginSpec) -> Iterator[Path]:
    yield from (file for file in (spec.module_file, spec.manifest_file) if file is not None)


def _is_strange(folder: Path, current: Path, home: Path) -> bool:
    """Whether a development folder may be somebody else's: it lies below the current folder, but not in the home."""
    real = _real(folder)
    return real.is_relative_to(_real(current)) and not real.is_relative_to(_real(home))


def _real(path: Path) -> Path:
    """`path` with its links followed; unlike Path.resolve, this takes a loop of links."""
    return Path(os.path.realpath(path))


def _from_distribution(distribution: PluginDistribution, entry: PluginEntry) -> PluginSpec:
    """The spec of an installed plugin, enriched by the manifest that lies beside its code."""
    module = entry.target.partition(":")[0]
    code = distribution.editable or distribution.info.parent
    dirs = package_dirs(identity.read_pyproject(code)) if distribution.editable else {}
    file = module_file(code, module, dirs)
    source = Source(
        SourceKind.DISTRIBUTION,
        distribution.editable or distribution.info.resolve(),
        distribution=distribution.name,
        editable=distribution.editable is not None,
    )
    spec = PluginSpec(
        entry.name,
        entry.kind,
        entry.target,
        source,
        version=distribution.version,
        description=distribution.summary,
        module_file=file,
    )
    flaw = _broken_entry(distribution, entry)
    if flaw:
        return dataclasses.replace(spec, flaw=flaw)
    return _with_manifest(spec, distribution, module)


def _with_manifest(spec: PluginSpec, distribution: PluginDistribution, module: str) -> PluginSpec:
    top = module.partition(".")[0]
    manifest_file = (
        manifest_in(distribution.editable) if distribution.editable else find_manifest(distribution.info.parent / top)
    )
    if manifest_file is None:
        return spec
    try:
        manifest = read_manifest(manifest_file)
    except ManifestError as error:
        flaw = Flaw("manifest", error.message, error.place, error.fix or "")
        return dataclasses.replace(spec, manifest_file=manifest_file, flaw=flaw)
    entry = next((entry for entry in manifest.entry_points if entry.name == spec.name), None)
    described = identity.describe(manifest, entry)
    return dataclasses.replace(spec, **described | {"version": spec.version or manifest.version})


def _broken_entry(distribution: PluginDistribution, entry: PluginEntry) -> Flaw | None:
    module, colon, attribute = entry.target.partition(":")
    names = [*module.split("."), *attribute.split(".")] if colon else []
    if names and all(name.isidentifier() for name in names):
        return None
    return Flaw(
        "identity",
        f"'{entry.name} = {entry.target}' is no entry point: expected 'module:Class'",
        f"{distribution.info / 'entry_points.txt'}:{entry.line}",
        "correct the entry point in the plugin's pyproject.toml and install it again",
    )


def _merge(folders: list[PluginSpec], installed: list[PluginSpec]) -> Iterator[PluginSpec]:
    """Folder plugins first; a trusted folder and the editable distribution made from it are one plugin."""
    editable = {(spec.name, spec.source.root): spec for spec in installed if spec.source.editable}
    merged: set[tuple[str, Path]] = set()
    for spec in folders:
        key = (spec.name, spec.source.root)
        twin = editable.get(key)
        if twin is None:
            yield spec
        elif spec.source.trusted:
            merged.add(key)
            yield dataclasses.replace(spec, source=dataclasses.replace(twin.source, kind=spec.source.kind))
    yield from (spec for spec in installed if (spec.name, spec.source.root) not in merged)
