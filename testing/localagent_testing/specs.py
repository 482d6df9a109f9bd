"""What is known of a plugin whose class is at hand: what its manifest says, if there is one beside its code."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import localagent
from localagent.host.identity import identify_folder, is_plugin_folder
from localagent.host.spec import PluginSpec, Source, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.plugins.base import Plugin

_DEPTH = 3
"""Folders above a module that may be its plugin's: the package, ``src``, the project."""


def spec_of(plugin: Plugin) -> PluginSpec:
    """The spec of a plugin that was constructed, as discovery would have found it in its folder."""
    file = _file_of(type(plugin))
    if file is None:
        return _bare(plugin, Source(SourceKind.BUILT_IN, Path(localagent.__path__[0])), None)
    found = (spec for spec in _beside(file) if spec.name == plugin.name and spec.module_file == file)
    return next(found, None) or _bare(plugin, Source(SourceKind.DEVELOPMENT, file), file)


def _file_of(plugin_class: type[Plugin]) -> Path | None:
    try:
        return Path(inspect.getfile(plugin_class)).resolve()
    except (TypeError, OSError):  # typed at a prompt
        return None


def _beside(file: Path) -> Iterator[PluginSpec]:
    for folder in file.parents[:_DEPTH]:
        if is_plugin_folder(folder):
            yield from identify_folder(folder, Source(SourceKind.DEVELOPMENT, folder))


def _bare(plugin: Plugin, source: Source, file: Path | None) -> PluginSpec:
    kind = type(plugin)
    return PluginSpec(
        plugin.name,
        "",
        f"{kind.__module__}:{kind.__qualname__}",
        source,
        version=str(plugin.version),
        description=str(plugin.description),
        module_file=file,
    )
