"""A plugin in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent.host.costs import Meter
from localagent.host.ledger import Ledger
from localagent.host.registering import Registration

if TYPE_CHECKING:
    from localagent.host.context import HostContext
    from localagent.host.guard import Guard
    from localagent.host.loading import Traces
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin


@dataclass(slots=True, eq=False)
class LoadedPlugin:
    """A plugin with what the host needs to call it and to let it go.

    Attributes:
        needs: names of the plugins it depends on directly.
        dependencies: what ``Plugin.dependencies`` names, as it was written.
        traces: what importing it changed in the interpreter.
        context: what it was given; None before.
        meter: what its steps took.
        is_cleaned_up: whether its cleanup was entered, which happens once.
    """

    spec: PluginSpec
    plugin: Plugin
    guard: Guard
    traces: Traces
    needs: frozenset[str] = frozenset()
    dependencies: tuple[str, ...] = ()
    context: HostContext | None = None
    ledger: Ledger = field(default_factory=Ledger)
    meter: Meter = field(default_factory=Meter)
    registration: Registration = field(default_factory=Registration)
    is_cleaned_up: bool = False

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.spec.name
