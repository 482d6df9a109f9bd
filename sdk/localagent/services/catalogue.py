"""Named things that plugins offer, each with its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from localagent.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """A thing and the plugin that offers it."""

    thing: T
    plugin: str


class Catalogue(Generic[T]):
    """What plugins offer of one sort; a name belongs to one plugin at a time.

    Args:
        what: the sort in one word, for messages: ``provider``, ``component`` …
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._offers: dict[str, Offer[T]] = {}

    @property
    def offers(self) -> Mapping[str, Offer[T]]:
        """All offers by name, as a copy."""
        return dict(self._offers)

    def find(self, name: str) -> Offer[T] | None:
        """The offer of that name, if there is one."""
        return self._offers.get(name)

    def offer(self, name: str, thing: T, *, plugin: str) -> Callable[[], None]:
        """Add a thing; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        present = self._offers.get(name)
        if present is not None:
            raise PluginError(f"the plugin '{present.plugin}' offers the {self._what} '{name}' already", plugin=plugin)
        offered = Offer(thing, plugin)
        self._offers[name] = offered

        def withdraw() -> None:
            # Not by name alone: by now the name may belong to a later offer.
            if self._offers.get(name) is offered:
                del self._offers[name]

        return withdraw
