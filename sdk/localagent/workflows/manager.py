"""The workflow parts that plugins offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.services.catalogue import Catalogue, Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARTS = ("phases", "agents", "orchestrators")
"""The sorts of parts that ``get_workflow_components`` may give."""


class WorkflowManager:
    """Knows which plugin offers which phase, agent or orchestrator."""

    def __init__(self) -> None:
        self._catalogues = {part: Catalogue[type[Any]](part.removesuffix("s")) for part in PARTS}

    @property
    def phases(self) -> Mapping[str, Offer[type[Any]]]:
        """The phase classes on offer, by id."""
        return self._catalogues["phases"].offers

    @property
    def agents(self) -> Mapping[str, Offer[type[Any]]]:
        """The agent classes on offer, by id."""
        return self._catalogues["agents"].offers

    @property
    def orchestrators(self) -> Mapping[str, Offer[type[Any]]]:
        """The orchestrator classes on offer, by id."""
        return self._catalogues["orchestrators"].offers

    def offer(self, part: str, name: str, component: type[Any], *, plugin: str) -> Callable[[], None]:
        """Add a component to one of `PARTS`; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        return self._catalogues[part].offer(name, component, plugin=plugin)
