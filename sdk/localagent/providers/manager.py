"""The providers of completions that plugins offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.services.catalogue import Catalogue, Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.plugins.provider import BaseProvider


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """A provider class and the JSON Schema of its settings."""

    provider_class: type[BaseProvider]
    schema: dict[str, Any]


class ProviderManager:
    """Knows which plugin offers which provider."""

    def __init__(self) -> None:
        self._catalogue = Catalogue[ProviderOffer]("provider")

    @property
    def providers(self) -> Mapping[str, Offer[ProviderOffer]]:
        """The providers on offer, by name."""
        return self._catalogue.offers

    def offer(self, name: str, offer: ProviderOffer, *, plugin: str) -> Callable[[], None]:
        """Add a provider; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        return self._catalogue.offer(name, offer, plugin=plugin)
