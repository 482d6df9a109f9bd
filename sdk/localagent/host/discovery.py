"""Every plugin there is, found without importing any: development folders, home folder, distributions."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from localagent.host import installed
from localagent.host.consent import is_trusted
from localagent.host.distributions import info_folders
from localagent.host.found import Discovery
from localagent.host.installed import source_tree
from localagent.host.spec import Flaw, PluginSpec, Source, SourceKind
from localagent.manifest.layout import is_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from localagent.host.installed import Installed
    from localagent.services.home import Home

_NO_LINKS: Mapping[Path, Sequence[str]] = MappingProxyType({})


def discover(
    home: Home,
    *,
    import_path: Iterable[str],
    development: Iterable[Path] = (),
    links: Mapping[Path, Sequence[str]] = _NO_LINKS,
    trusted: tuple[Path, ...] = (),
    current: Path | None = None,
    look: Callable[[str], Installed] = installed.look,
) -> Discovery:
    """Find plugins in all sources.

    Args:
        home: LocalAgent's home; its ``plugins`` folder is a source.
        import_path: where to look for distributions.
        development: the development folders, in order.
        links: source folders that were linked one by one, each with the plugins that were agreed to there.
        trusted: folders the user agreed to run.
        current: the current folder; development folders below it are untrusted unless in `trusted`.
        look: gives what the distribution that a ``.dist-info`` folder describes has to offer.
    """
    folders = tuple(dict.fromkeys(import_path))
    found = [look(info) for folder in folders for info in info_folders(folder)]
    linked = [(link, SourceKind.LINK) for link in links]
    sources = [*((folder, SourceKind.DEVELOPMENT) for folder in development), *linked, (home.plugins, SourceKind.HOME)]
    rests_on = [*folders, *(path for each in found for path in each.rests_on)]
    folder_specs: list[PluginSpec] = []
    for folder, kind in sources:
        rests_on.append(str(folder))
        children = [_real(folder)] if kind is SourceKind.LINK else _children(folder)
        in_development = bool(children) and kind is SourceKind.DEVELOPMENT
        is_strange = in_development and current is not None and _is_strange(folder, current, home.path)
        for child in children:
            source = Source(kind, child, trusted=not is_strange or is_trusted(child, trusted))
            there = _in_child(child, source)
            folder_specs += there or (_gone(source, links[folder]) if kind is SourceKind.LINK else ())
            rests_on += source_tree(child)
    installed_specs = [spec for each in _first_of_each_name(found) for spec in each.specs]
    specs = tuple(_merge(folder_specs, installed_specs))
    rests_on += [str(file) for spec in specs if spec.source.is_folder for file in _files_of(spec)]
    unreadable = tuple(each.unreadable for each in found if each.unreadable is not None)
    return Discovery(specs, unreadable, tuple(dict.fromkeys(rests_on)))


def _first_of_each_name(found: Iterable[Installed]) -> Iterable[Installed]:
    """The distributions that count: the first of each name, as in imports."""
    firsts: dict[str, Installed] = {}
    for each in found:
        if each.specs:
            firsts.setdefault(each.name, each)
    return firsts.values()


def _children(folder: Path) -> list[Path]:
    """What lies in a source folder, as real paths; what begins with a dot or an underscore is nobody's plugin."""
    try:
        return sorted(_real(child) for child in folder.iterdir() if not child.name.startswith((".", "_")))
    except OSError:
        # A source folder that is absent or may not be listed holds nothing to offer; doctor looks at the home.
        return []


def _in_child(child: Path, source: Source) -> list[PluginSpec]:
    from localagent.host import identity  # most users have no plugins in folders

    if os.path.isdir(child):  # noqa: PTH112 - unlike Path.is_dir it takes what may not be looked at
        return identity.identify_folder(child, source) if identity.is_plugin_folder(child) else []
    return identity.identify_file(child, source) if child.suffix == ".py" and is_file(child) else []


def _gone(source: Source, names: Sequence[str]) -> Iterator[PluginSpec]:
    """The plugins of a linked folder in which there is none any more: who linked it is told, and can take them out."""
    reason = "no plugin is in the linked folder any more" if source.root.exists() else "the linked folder is gone"
    for name in names or (source.root.name,):
        flaw = Flaw("identity", reason, str(source.root), f"localagent plugins uninstall {name}")
        yield PluginSpec(name, "", "", source, flaw=flaw)


def _files_of(spec: PluginSpec) -> Iterator[Path]:
    yield from (file for file in (spec.module_file, spec.manifest_file) if file is not None)


def _is_strange(folder: Path, current: Path, home: Path) -> bool:
    """Whether a development folder may be somebody else's: it lies below the current folder, but not in the home."""
    real = _real(folder)
    return real.is_relative_to(_real(current)) and not real.is_relative_to(_real(home))


def _real(path: Path) -> Path:
    """`path` with its links followed; unlike Path.resolve, this takes a loop of links."""
    return Path(os.path.realpath(path))


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
    yield from (spec for spec in installed if not merged or (spec.name, spec.source.root) not in merged)
