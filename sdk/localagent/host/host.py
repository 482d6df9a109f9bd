"""One host: a situation, a loop and the services plugins share, tied together once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from localagent.host import exits
from localagent.host.belonging import watch_threads
from localagent.host.fingerprints import fingerprint
from localagent.host.guard import Guard
from localagent.host.journal import Journal, fingerprint_text
from localagent.host.lifecycle import LifecycleManager
from localagent.host.loop import HostLoop
from localagent.host.places import declaration_of
from localagent.host.situation import Situation
from localagent.host.tally import Tally
from localagent.services.correlation import Speaker
from localagent.services.made_once import made_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypedDict, Unpack

    from localagent.host.context import HostContext
    from localagent.host.ledger import Ledger
    from localagent.host.situation import HostOptions
    from localagent.host.spec import PluginSpec
    from localagent.providers.manager import ProviderManager, ProviderSource
    from localagent.services.bus import PluginMessageBus
    from localagent.services.bus.bus import OnDemand
    from localagent.services.home import Home
    from localagent.services.live_settings import LiveSettings
    from localagent.services.logs import Logs
    from localagent.services.redacting import Redactor
    from localagent.services.secrets import Grant, Secrets
    from localagent.services.settings import Settings
    from localagent.ui.components import ComponentRegistry
    from localagent.workflows.manager import PartSource, WorkflowManager

    class BusOptions(TypedDict, total=False):
        """The options of `PluginMessageBus`."""

        limit: float | None
        strict: bool
        on_pause: Callable[[str, str, str], object] | None


class Host:
    """Everything plugins share. There is one a process, as a rule, but nothing depends on that.

    Args:
        situation: what this run starts from.
        journal: where the steps of plugins are written down; None writes nothing.

    Attributes:
        loop: the event loop that plugins live on.
        lifecycle_manager: the stage of each plugin.
        tally: what is counted of plugins.
        reads_anew: whether a plugin that was let go is read from its files when it is loaded again.
    """

    reads_anew: ClassVar[bool] = True

    def __init__(self, situation: Situation, *, journal: Journal | None = None) -> None:
        self.situation = situation
        self.journal = journal
        self.loop = HostLoop()
        self.lifecycle_manager = LifecycleManager()
        self.tally = Tally()
        self._on_demand: tuple[OnDemand, OnDemand, Callable[[str], bool]] | None = None
        self._provider_source: ProviderSource | None = None
        self._part_source: PartSource | None = None
        self._take_up_saves: Callable[[], Awaitable[object]] | None = None

    @classmethod
    def open(cls, options: HostOptions | None = None) -> Self:
        """A host over the home that `options` or the environment name.

        Raises:
            ConfigError: as `Situation.read`.
        """
        situation = Situation.read(options)
        return cls(situation, journal=Journal(situation.home.journal) if situation.options.journal else None)

    def beside(self, options: HostOptions) -> Host:
        """Another host of the same kind.

        Raises:
            ConfigError: as `Situation.read`.
        """
        return type(self).open(options)

    def guard_for(self, spec: PluginSpec) -> Guard:
        """The guard through which this host calls a plugin's code."""
        self.loop.know(spec.name, spec.code_root)
        self.logs.know(Speaker(spec.name, spec.version), spec.code_root)
        guard = self.new_guard(
            spec.name,
            spec.code_root,
            budgets=self.situation.budgets,
            journal=self.journal,
            fingerprint=fingerprint_text(fingerprint(spec)),
            version=spec.version,
            declaration=partial(declaration_of, spec),
            log_file=self.home.log_file(spec.name),
            tally=self.tally,
            redact=self.redactor.redact,
        )
        watch_threads(guard)
        if spec.code_root is not None:
            exits.watch(spec.code_root, guard.tell_exit)
        return guard

    def new_guard(self, *arguments: Any, **options: Any) -> Guard:
        """A new guard, with the arguments of its class; a host that traces gives one that notes what it calls."""
        return Guard(*arguments, **options)

    def context_for(self, guard: Guard, ledger: Ledger, grant: Grant) -> HostContext:
        """A new context for the plugin that `guard` calls; the testing kit gives one that records what is called."""
        from localagent.host.context import HostContext

        return HostContext(self, guard, ledger, grant)

    def new_bus(self, **options: Unpack[BusOptions]) -> PluginMessageBus:
        """A message bus; the testing kit gives one that records what is sent."""
        from localagent.services.bus import PluginMessageBus

        return PluginMessageBus(**options)

    # Most commands use none of these services, so each is imported with its first use.

    @made_once
    def redactor(self) -> Redactor:
        """What masks secrets in all that is shown or kept."""
        from localagent.services.redacting import Redactor, secrets_at_hand

        return Redactor(lambda: secrets_at_hand(self.home, self.settings.environ))

    @made_once
    def secrets(self) -> Secrets:
        """What references to secrets stand for."""
        from localagent.services.secrets import Secrets

        return Secrets(self.redactor, self.settings.environ)

    @made_once
    def logs(self) -> Logs:
        """Where log records go."""
        import logging

        from localagent.services.logs import Logs, console_level

        usual = logging.INFO if self.situation.development.verbose else logging.WARNING
        level = console_level(self.settings.environ, otherwise=usual)
        return Logs(self.home.log_lines, self.redactor, level=level)

    def stop_logs(self) -> None:
        """Leave logging as it was found; nothing is to be done where nobody logged."""
        if "logs" in vars(self):
            self.logs.stop()

    @made_once
    def live_settings(self) -> LiveSettings:
        """Settings that change while plugins run."""
        from localagent.services.live_settings import LiveSettings

        return LiveSettings(self.settings)

    @made_once
    def message_bus(self) -> PluginMessageBus:
        """Messages between plugins."""
        # Handlers go through their plugins' guards, which know how long they may take.
        is_strict = self.situation.development.enabled
        bus = self.new_bus(limit=None, strict=is_strict, on_pause=self.tally.pause)
        if self._on_demand is not None:
            bus.load_on_demand(*self._on_demand)
        return bus

    @made_once
    def provider_manager(self) -> ProviderManager:
        """The providers that plugins offer."""
        from localagent.providers.manager import ProviderManager

        return ProviderManager(self.settings, lambda: self.secrets, source=self._provider_source)

    @made_once
    def ui(self) -> ComponentRegistry:
        """The terminal components that plugins offer."""
        from localagent.ui.components import ComponentRegistry

        return ComponentRegistry()

    @made_once
    def workflow_manager(self) -> WorkflowManager:
        """The workflow parts that plugins offer."""
        from localagent.host.workflow_services import services_of
        from localagent.workflows.manager import WorkflowManager

        return WorkflowManager(partial(services_of, self), source=self._part_source)

    def load_on_demand(self, activate: OnDemand, wake: OnDemand, is_initialising: Callable[[str], bool]) -> None:
        """As `PluginMessageBus.load_on_demand`, for the bus that is there or will be."""
        self._on_demand = activate, wake, is_initialising
        if self.has_message_bus:
            self.message_bus.load_on_demand(activate, wake, is_initialising)

    def take_providers_from(self, source: ProviderSource) -> None:
        """Let `source` load the plugins of providers that somebody asks for."""
        self._provider_source = source

    def take_workflow_parts_from(self, source: PartSource) -> None:
        """Let `source` load the plugins of phases, agents and orchestrators that a workflow names."""
        self._part_source = source

    def take_saves_up_by(self, take_up: Callable[[], Awaitable[object]]) -> None:
        """Let `take_up` have plugins run what was saved of them, whenever `pause` is called."""
        self._take_up_saves = take_up

    async def pause(self) -> None:
        """Take up what was saved of plugins; called between two steps of what takes long."""
        if self._take_up_saves is not None:
            await self._take_up_saves()

    @property
    def has_provider_manager(self) -> bool:
        """Whether anybody offered a provider, or asked for one, yet."""
        return "provider_manager" in vars(self)

    @property
    def has_message_bus(self) -> bool:
        """Whether anybody used the message bus yet."""
        return "message_bus" in vars(self)

    def close_runs(self) -> None:
        """Let the file of recorded workflow runs go, if anybody ran one."""
        if "workflow_manager" in vars(self):
            self.workflow_manager.close()

    def dismiss(self, plugin: str) -> None:
        """As `PluginMessageBus.dismiss`, for a bus that somebody used."""
        if self.has_message_bus:
            self.message_bus.dismiss(plugin)

    @property
    def home(self) -> Home:
        """LocalAgent's home."""
        return self.situation.home

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self.situation.settings
