"""One host: a situation, a loop and the services plugins share, tied together once."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent.host.guard import Guard
from localagent.host.journal import Journal, fingerprint_text
from localagent.host.lifecycle import LifecycleManager
from localagent.host.loop import HostLoop
from localagent.host.records import fingerprint
from localagent.host.situation import Situation
from localagent.host.tally import Tally
from localagent.providers.manager import ProviderManager
from localagent.services.bus import PluginMessageBus
from localagent.services.correlation import Speaker
from localagent.services.live_settings import LiveSettings
from localagent.services.logs import Logs, console_level
from localagent.services.redacting import Redactor, secrets_at_hand
from localagent.services.secrets import Secrets
from localagent.ui.components import ComponentRegistry
from localagent.workflows.manager import WorkflowManager

if TYPE_CHECKING:
    from localagent.host.situation import HostOptions
    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home
    from localagent.services.settings import Settings


@dataclass(slots=True)
class Host:
    """Everything plugins share. There is one a process, as a rule, but nothing depends on that."""

    situation: Situation
    loop: HostLoop = field(default_factory=HostLoop)
    lifecycle_manager: LifecycleManager = field(default_factory=LifecycleManager)
    provider_manager: ProviderManager = field(default_factory=ProviderManager)
    ui: ComponentRegistry = field(default_factory=ComponentRegistry)
    workflow_manager: WorkflowManager = field(default_factory=WorkflowManager)
    tally: Tally = field(default_factory=Tally)
    journal: Journal | None = None
    message_bus: PluginMessageBus = field(init=False)
    live_settings: LiveSettings = field(init=False)
    redactor: Redactor = field(init=False)
    secrets: Secrets = field(init=False)
    logs: Logs = field(init=False)

    def __post_init__(self) -> None:
        environ = self.settings.environ
        self.redactor = Redactor(lambda: secrets_at_hand(self.home, environ))
        self.secrets = Secrets(self.redactor, environ)
        usual = logging.INFO if self.situation.development.verbose else logging.WARNING
        self.logs = Logs(self.home.log_lines, self.redactor, level=console_level(environ, otherwise=usual))
        self.live_settings = LiveSettings(self.settings)
        # Handlers go through their plugins' guards, which know how long they may take.
        is_strict = self.situation.development.enabled
        self.message_bus = PluginMessageBus(limit=None, strict=is_strict, on_pause=self.tally.pause)

    @classmethod
    def open(cls, options: HostOptions | None = None) -> Host:
        """A host over the home that `options` or the environment name.

        Raises:
            ConfigError: as `Situation.read`.
        """
        situation = Situation.read(options)
        return cls(situation, journal=Journal(situation.home.journal) if situation.options.journal else None)

    def guard_for(self, spec: PluginSpec) -> Guard:
        """The guard through which this host calls a plugin's code."""
        self.loop.know(spec.name, spec.code_root)
        self.logs.know(Speaker(spec.name, spec.version), spec.code_root)
        return Guard(
            spec.name,
            spec.code_root,
            budgets=self.situation.budgets,
            journal=self.journal,
            fingerprint=fingerprint_text(fingerprint(spec)),
            log_file=self.home.log_file(spec.name),
            tally=self.tally,
            redact=self.redactor.redact,
        )

    @property
    def home(self) -> Home:
        """LocalAgent's home."""
        return self.situation.home

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.situation.settings
