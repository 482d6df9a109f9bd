"""One host: a situation, a loop and the services plugins share, tied together once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent.host.lifecycle import LifecycleManager
from localagent.host.loop import HostLoop
from localagent.host.situation import Situation
from localagent.providers.manager import ProviderManager
from localagent.services.bus import PluginMessageBus
from localagent.ui.components import ComponentRegistry
from localagent.workflows.manager import WorkflowManager

if TYPE_CHECKING:
    from localagent.host.situation import HostOptions
    from localagent.services.home import Home
    from localagent.services.settings import Settings


@dataclass(slots=True)
class Host:
    """Everything plugins share. There is one a process, as a rule, but nothing depends on that."""

    situation: Situation
    loop: HostLoop = field(default_factory=HostLoop)
    message_bus: PluginMessageBus = field(default_factory=PluginMessageBus)
    lifecycle_manager: LifecycleManager = field(default_factory=LifecycleManager)
    provider_manager: ProviderManager = field(default_factory=ProviderManager)
    ui: ComponentRegistry = field(default_factory=ComponentRegistry)
    workflow_manager: WorkflowManager = field(default_factory=WorkflowManager)

    @classmethod
    def open(cls, options: HostOptions | None = None) -> Host:
        """A host over the home that `options` or the environment name.

        Raises:
            ConfigError: as `Situation.read`.
        """
        return cls(Situation.read(options))

    @property
    def home(self) -> Home:
        """LocalAgent's home."""
        return self.situation.home

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.situation.settings
