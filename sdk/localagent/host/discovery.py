"""Every plugin there is, found without importing any: development folders, home folder, distributions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent.errors import ManifestError
from localagent.host import distributions, identity
from localagent.host.consent import is_trusted
from localagent.host.spec import Flaw, PluginSpec, Source, SourceKind
from localagent.manifest.layout import module_file, package_dirs
from localagent.manifest.model import find_manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from localagent.host.distributions import PluginDistribution, PluginEntry, Unreadable
    from localagent.services.home import Home


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found.

    Attributes:
        specs: one for each plugin and source, in order of precedence; two sources with one real path are one.
        unreadable: distributions whose entry points cannot be read.
    """

    specs: tuple[PluginSpec, ...]
    unreadable: tuple[Unreadable, ...] = field(default=())


def discover(
    home: Home,
    *,
    development: Iterable[Path] = (),
    trusted: tuple[Path, ...] = (),
    current: Path | None = None,
    import_path: Iterable[str] | None = None,
) -> Discovery:
    """Find plugins in all sources.

    Args:
        home: LocalAgent's home; its ``plugins`` folder is a source.
        development: the development folders, in order.
        trusted: folders the user agreed to run.
        current: the current folder; development folders below it are untrusted unless in `trusted`.
        import_path: where to look for distributions; `sys.path` if None.
    """
    installed, unreadable = distributions.scan(import_path)
    folder_specs = [
        *(
            spec
            for folder in development
            for spec in _in_folder(
                folder, SourceKind.DEVELOPMENT, trusted=trusted, guarded_below=_guarded(current, home)
            )
        ),
        *_in_folder(home.plugins, SourceKind.HOME, trusted=trusted, guarded_below=None),
    ]
    installed_specs = [
        _from_distribution(distribution, entry) for distribution in installed for entry in distribution.entries
    ]
    return Discovery(tuple(_merge(folder_specs, installed_specs)), tuple(unreadable))


def _guarded(current: Path | None, home: Home) -> tuple[Path, Path] | None:
    return (current.resolve(), home.path.resolve()) if current is not None else None


def _in_folder(
    folder: Path, kind: SourceKind, *, trusted: tuple[Path, ...], guarded_below: tuple[Path, Path] | None
) -> Iterator[PluginSpec]:
    try:
        children = sorted(child for child in folder.iterdir() if not child.name.startswith((".", "_")))
    except OSError:
        # A source folder that is absent or may not be listed holds nothing to offer; doctor looks at the home.
        return
    for child in children:
        real = child.resolve()
        needs_trust = guarded_below is not None and _is_strange(folder.resolve(), *guarded_below)
        source = Source(kind, real, trusted=not needs_trust or is_trusted(real, trusted))
        if child.is_dir() and identity.is_plugin_folder(real):
            yield from identity.identify_folder(real, source)
        elif child.suffix == ".py" and child.is_file():
            yield from identity.identify_file(real, source)


def _is_strange(folder: Path, current: Path, home: Path) -> bool:
    """Whether a development folder may be somebody else's: it lies below the current folder, but not in the home."""
    return folder.is_relative_to(current) and not folder.is_relative_to(home)


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
        identity.manifest_in(distribution.editable)
        if distribution.editable
        else find_manifest(distribution.info.parent / top)
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
    merged = set()
    for spec in folders:
        key = (spec.name, spec.source.root)
        twin = editable.get(key)
        if twin is None:
            yield spec
        elif spec.source.trusted:
            merged.add(key)
            yield dataclasses.replace(spec, source=dataclasses.replace(twin.source, kind=spec.source.kind))
    yield from (spec for spec in installed if (spec.name, spec.source.root) not in merged)
