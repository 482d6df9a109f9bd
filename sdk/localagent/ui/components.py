"""The terminal components that are on offer: those of plugins and LocalAgent's own."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginError, PluginNotAvailable
from localagent.services.made_once import made_once
from localagent.ui.built_in import BUILT_IN, OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localagent.ui.screen import Screen


@dataclass(frozen=True, slots=True)
class Component:
    """Something that takes data and options and gives what Rich can draw.

    Attributes:
        name: what it is called.
        plugin: who offers it.
        function: the component itself, code of the plugin.
        guarded: calls any work without arguments as the plugin's own.
        file: where the component is written, if that is known.
        line: 1-based line in `file`.
    """

    name: str
    plugin: str
    function: Callable[..., Any]
    guarded: Callable[[Callable[[], Any]], Any]
    file: str | None = None
    line: int | None = None


class ComponentRegistry:
    """Components by name.

    Two plugins may have components of one name. The plain name means that of the first plugin, else LocalAgent's own;
    ``plugin:name`` means exactly one. Hyphens and underscores in the names of components are equal.
    """

    def __init__(self) -> None:
        self._offers: dict[tuple[str, str], Component] = {}

    @property
    def components(self) -> Mapping[str, Component]:
        """The components of plugins by full name, as a copy."""
        return {f"{each.plugin}:{each.name}": each for each in self._offers.values()}

    @made_once
    def screen(self) -> Screen:
        """The terminal as components have it, made with the first drawing, which imports Rich; may be set."""
        from localagent.ui.screen import Screen

        return Screen()

    def offer(self, component: Component) -> Callable[[], None]:
        """Add a component; returns the function that takes it back.

        Raises:
            PluginError: the plugin has a component of that name already.
        """
        key = component.plugin, same_name(component.name)
        if key in self._offers:
            raise PluginError(
                f"two components are called '{component.name}', hyphens and underscores being equal",
                plugin=component.plugin,
            )
        self._offers[key] = component

        def withdraw() -> None:
            # By now a later life of the plugin may have the name.
            if self._offers.get(key) is component:
                del self._offers[key]

        return withdraw

    def find(self, name: str, *, first: str = "") -> Component:
        """The component that `name` means.

        Args:
            name: ``name`` or ``plugin:name``.
            first: the plugin whose own component of that name comes before all others.

        Raises:
            PluginNotAvailable: there is none; the error suggests a near name.
        """
        owner, _, plain = name.rpartition(":")
        wanted = same_name(plain)
        mine = self._offers.get((owner or first, wanted))
        if mine is not None:
            return mine
        others = (each for (_, key), each in self._offers.items() if key == wanted and not owner)
        found = next(others, None)
        if found is not None:
            return found
        if owner in ("", OWNER) and wanted in BUILT_IN:
            return Component(wanted, OWNER, BUILT_IN[wanted].function, _straight)
        raise no_such_component(name, (*self.components, *(each.name for each in self._offers.values())))


def no_such_component(name: str, known: Iterable[str]) -> PluginNotAvailable:
    """That nobody offers a component, with the nearest of those that are `known` or built in."""
    names = {same_name(each): each for each in (*known, *BUILT_IN)}
    near = difflib.get_close_matches(same_name(name), names, n=1)
    fix = f"did you mean '{names[near[0]]}'?" if near else "'localagent ui list' shows what there is"
    return PluginNotAvailable(f"there is no component '{name}'", fix=fix)


def same_name(name: str) -> str:
    """The form in which names of components are compared."""
    return name.replace("-", "_")


def _straight(work: Callable[[], Any]) -> Any:
    return work()
