"""Which plugins are under test: those of a folder or file, or an installed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localagent.host.identity import identify_file, identify_folder
from localagent.host.situation import Situation
from localagent.host.spec import Source, SourceKind
from localagent.host.survey import survey
from localagent.manifest.layout import project_root
from localagent.manifest.model import MANIFEST_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.host.spec import PluginSpec

NAME_PREFIX = "name:"


@dataclass(frozen=True, slots=True)
class Target:
    """What is tested.

    Attributes:
        path: the folder, the ``.py`` file, or for an installed plugin the file that stands for it.
        label: how node ids begin.
        specs: the plugins in it.
    """

    path: Path
    label: str
    specs: tuple[PluginSpec, ...]


def find_target(named: str, current: Path) -> Target:
    """The target that the option ``--localagent-plugin`` names.

    Raises:
        pytest.UsageError: there is none of that name.
    """
    if named.startswith(NAME_PREFIX):
        return installed_target(named.removeprefix(NAME_PREFIX))
    path = (current / named).resolve()
    if not path.exists():
        raise pytest.UsageError(f"--localagent-plugin: {path} does not exist")
    return manifest_target(path) if path.name in MANIFEST_NAMES else source_target(path)


def manifest_target(manifest: Path) -> Target:
    """The plugins that a manifest in a source tree tells of."""
    return source_target(project_root(manifest.resolve()))


def source_target(path: Path) -> Target:
    """The plugins in a source folder or a single file.

    Raises:
        pytest.UsageError: the file holds no plugin.
    """
    source = Source(SourceKind.DEVELOPMENT, path)
    specs = tuple(identify_folder(path, source) if path.is_dir() else identify_file(path, source))
    if not specs:
        raise pytest.UsageError(f"{path} holds no plugin")
    manifest = specs[0].manifest_file
    return Target(path, manifest.name if manifest else path.name, specs)


def installed_target(name: str) -> Target:
    """The plugin `name` of an installed distribution.

    Raises:
        pytest.UsageError: no distribution that can be imported here has it.
    """
    picture = survey(Situation.read())
    found = (each.spec for each in (*picture.plugins.values(), *picture.shadowed) if each.name == name)
    spec = next((spec for spec in found if spec.source.kind is SourceKind.DISTRIBUTION), None)
    if spec is None:
        raise pytest.UsageError(f"--localagent-plugin: no installed distribution has the plugin '{name}'")
    path = spec.manifest_file or spec.module_file or spec.source.root
    return Target(path, path.name, (spec,))
