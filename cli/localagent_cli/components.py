"""Which components there are and who offers them, without running any plugin's code here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.ui.built_in import BUILT_IN, OWNER
from localagent.ui.components import no_such_component, same_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.manager import PluginManager
    from localagent.host.survey import Surveyed


@dataclass(frozen=True, slots=True)
class Listed:
    """A component in the list.

    Attributes:
        name: how it is called on the command line; with its owner's name where the plain one means another.
        component: its own name.
        owner: the plugin that offers it, or ``localagent``.
        told: one line.
    """

    name: str
    component: str
    owner: str
    told: str

    def to_dict(self) -> dict[str, Any]:
        """The component as JSON values."""
        return {**dataclasses.asdict(self), "builtin": self.owner == OWNER}


def listed(manager: PluginManager) -> list[Listed]:
    """All components of enabled plugins and LocalAgent's own, those first that their plain names mean."""
    taken: set[str] = set()
    found: list[Listed] = []
    for owner, component, told in _offered(manager):
        key = same_name(component)
        found.append(Listed(f"{owner}:{component}" if key in taken else component, component, owner, told))
        taken.add(key)
    return found


def owner_of(name: str, manager: PluginManager) -> str | None:
    """The plugin that offers a component; None where it is LocalAgent's own.

    Raises:
        PluginNotAvailable: nobody does, or only a plugin that may not be loaded.
    """
    wanted, _, plain = name.rpartition(":")
    key = same_name(plain)
    if wanted and wanted != OWNER:
        manager.survey.find(wanted).require()
    plugins = manager.learn_components().plugins.values()
    offering = [each for each in plugins if _offers(each, key) and wanted in ("", each.name)]
    usable = next((each for each in offering if each.enabled), None)
    if usable is not None:
        return usable.name
    if key in BUILT_IN and wanted in ("", OWNER):
        return None
    if offering:
        offering[0].require()
    raise no_such_component(name, [component for _, component, _ in _offered(manager)])


def _offered(manager: PluginManager) -> Iterator[tuple[str, str, str]]:
    """Owner, name and one line of each, in order of precedence."""
    for plugin in manager.learn_components().plugins.values():
        if plugin.enabled and plugin.record is not None:
            for component in plugin.record.components:
                yield plugin.name, component, plugin.spec.description
    for name, each in BUILT_IN.items():
        yield OWNER, name, each.help


def _offers(plugin: Surveyed, key: str) -> bool:
    return plugin.record is not None and key in map(same_name, plugin.record.components)
