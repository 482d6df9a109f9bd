"""One plugin object in a real host, from its class on: prepared, started, used, let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from localagent.host.dependencies import requirement_name
from localagent.host.loaded import LoadedPlugin
from localagent.host.loading import Traces, dependencies_of
from localagent.host.preparing import prepare
from localagent.plugins.base import Plugin
from localagent_testing.specs import spec_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.testing import Result

    from localagent_cli.app import LocalAgentCLI
    from localagent_testing.recording import RecordingContext

P = TypeVar("P", bound=Plugin)


class Trial(Generic[P]):
    """A plugin on a host.

    Args:
        plugin_class: the plugin's class; it is constructed here.
        cli: the command line over a host that records.

    Attributes:
        plugin: the plugin.
        context: what it was given; set before it is initialised.
        is_started: whether it was initialised, and not let go since.

    Raises:
        PluginFailed: the schema of its settings cannot be had.
    """

    def __init__(self, plugin_class: type[P], cli: LocalAgentCLI) -> None:
        self.cli = cli
        self.plugin = plugin_class()
        self.is_started = False
        spec = spec_of(self.plugin)
        guard, traces = cli.host.guard_for(spec), Traces(spec)
        traces.settle()
        self._loaded = LoadedPlugin(spec, self.plugin, guard, traces)
        self._context = prepare(self.plugin, spec, cli.host, guard, self._loaded.ledger)
        self.context = cast("RecordingContext", self._context)  # such hosts give no others

    async def start(self) -> P:
        """Hand the plugin its settings, initialise it, let it register; what it needs and is there is loaded before.

        Raises:
            PluginNotAvailable: something it needs cannot be loaded.
            PluginFailed: the settings are not valid, or it failed or is not ready; its own exception is the cause.
        """
        await self._load_needs()
        await self.cli.plugin_manager.admit(self._loaded, self._context)
        self.is_started = True
        return self.plugin

    def start_from_outside(self) -> P:
        """`start` from synchronous code, whether or not an event loop runs in this thread."""
        loop = self.cli.host.loop
        return loop.call_blocking(lambda: loop.run(self.start()))

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of the commands that it registered."""
        return tuple(command.name for command in self._loaded.registration.commands)

    def invoke(self, words: Sequence[str]) -> Result:
        """Run a command line on the host: words in; exit code, output and error output out."""
        from typer.testing import CliRunner

        return CliRunner().invoke(self.cli.app, list(words))

    async def end(self) -> None:
        """Let the plugin go: its own cleanup, then all that it registered is undone.

        Raises:
            PluginFailed: its cleanup failed.
        """
        if self.is_started:
            self.is_started = False
            await self.cli.plugin_manager.unload_plugin(self.plugin.name)
            self._raise_failure()

    def abandon(self) -> None:
        """Undo what it registered, and leave logging as it was found; its own cleanup is not called."""
        self._loaded.ledger.undo_all()
        self.cli.host.stop_logs()

    async def _load_needs(self) -> None:
        """Load what it needs of the plugins that the host knows; alone in a home of its own it does without."""
        declared = (*self._loaded.spec.requires, *dependencies_of(self.plugin, self._loaded.guard))
        for name in sorted(set(map(requirement_name, declared))):
            if name in self.cli.plugin_manager.discovered_plugins:
                await self.cli.plugin_manager.require(name)

    def _raise_failure(self) -> None:
        failure = self.cli.plugin_manager.errors.get(self.plugin.name)
        if failure is not None:
            raise failure
