"""The terminal components that plugins offer."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.services.catalogue import Catalogue, Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ComponentRegistry:
    """Components by name: callables that take data and options and give something Rich can draw."""

    def __init__(self) -> None:
        self._catalogue = Catalogue[Any]("component")

    @property
    def components(self) -> Mapping[str, Offer[Any]]:
        """The components on offer, by name."""
        return self._catalogue.offers

    def offer(self, name: str, component: Callable[..., Any], *, plugin: str) -> Callable[[], None]:
        """Add a component; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        return self._catalogue.offer(name, component, plugin=plugin)

    def render(self, name: str, data: Any, **options: Any) -> Any:
        """What the component makes of `data`.

        Raises:
            UsageError: there is no such component.
        """
        offer = self.components.get(name)
        if offer is None:
            near = difflib.get_close_matches(name, self.components, n=1)
            raise UsageError(f"there is no component '{name}'", fix=f"did you mean '{near[0]}'?" if near else None)
        return offer.thing(data, **options)
