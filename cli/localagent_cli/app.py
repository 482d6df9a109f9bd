"""The command line as an object: its host, its plugins, and a Typer app that finds plugin commands when asked."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from localagent.host import interrupts
from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.services.correlation import operation
from localagent_cli import output
from localagent_cli.session import reporting, tell_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import typer

    from localagent.host.lifecycle import LifecycleManager
    from localagent.host.situation import HostOptions
    from localagent.providers.manager import ProviderManager
    from localagent.services.bus import PluginMessageBus
    from localagent.workflows.manager import WorkflowManager


class LocalAgentCLI:
    """LocalAgent as a program can use it.

    In synchronous code call `run`. In asynchronous code call `initialize` first, then `invoke` for commands and
    `cleanup` at the end; ``CliRunner().invoke(cli.app, [...])`` works in both.

    Args:
        options: which home and which plugins; None means the user's.
        debug: whether errors show their traces.
        host: the host to use, which has options of its own; None opens one.
    """

    def __init__(self, options: HostOptions | None = None, *, debug: bool = False, host: Host | None = None) -> None:
        self.host = Host.open(options or default_options()) if host is None else host
        self.plugin_manager = PluginManager(self.host)
        self.debug = debug or self.host.situation.development.debug
        if self.debug:
            self.host.logs.see_from(logging.DEBUG)
        self._beside: list[LocalAgentCLI] = []

    @property
    def provider_manager(self) -> ProviderManager:
        """The providers that plugins offer."""
        return self.host.provider_manager

    @property
    def workflow_manager(self) -> WorkflowManager:
        """The workflow parts that plugins offer."""
        return self.host.workflow_manager

    @property
    def message_bus(self) -> PluginMessageBus:
        """Messages between plugins."""
        return self.host.message_bus

    @property
    def lifecycle_manager(self) -> LifecycleManager:
        """The stage of each plugin."""
        return self.host.lifecycle_manager

    @property
    def abandoned(self) -> list[str]:
        """What did not end when the host's loop was closed."""
        own = [*self.host.loop.abandoned, *self.plugin_manager.abandoned]
        return own + [name for cli in self._beside for name in cli.abandoned]

    @functools.cached_property
    def app(self) -> typer.Typer:
        """The root of all commands; those of plugins are imported when they are called."""
        import typer

        from localagent_cli.root_group import RootGroup

        app = typer.Typer(
            cls=RootGroup,
            rich_markup_mode=None,
            add_completion=False,
            context_settings={"obj": self, "help_option_names": ["--help", "-h"]},
        )
        app.callback()(_root)
        return app

    def beside(self, *sources: Path) -> LocalAgentCLI:
        """Another command line over the same home, in which the plugins of some source folders run too.

        Naming a folder is the consent to run it this once; nothing is installed or enabled.
        """
        return self.over(self.host.beside(self.host.situation.options._replace(extra=sources)))

    def over(self, host: Host) -> LocalAgentCLI:
        """Another command line, over another host; what it leaves running is told with what this one leaves."""
        cli = LocalAgentCLI(debug=self.debug, host=host)
        self._beside.append(cli)
        return cli

    async def initialize(self) -> None:
        """Belong to the running event loop and look at what plugins there are."""
        self.host.loop.adopt()
        await self.plugin_manager.discover_plugins()
        self.plugin_manager.follow_saves()

    async def invoke(self, argv: Sequence[str]) -> int:
        """Run a command while this event loop goes on, and give its exit code.

        Asynchronous commands run on this loop, synchronous ones in a worker thread.
        """
        import asyncio

        self.host.loop.adopt()
        return await asyncio.to_thread(self.call, list(argv))

    async def cleanup(self) -> None:
        """Let all plugins go."""
        await self.plugin_manager.close()

    def run(self, argv: Sequence[str]) -> int:
        """Run one command from synchronous code, then let all plugins go; gives the exit code."""
        with interrupts.last_resort(self.close, self._leave_journal):
            try:
                try:
                    return self.call(list(argv))
                finally:
                    self.close()
            except KeyboardInterrupt:
                # It came in the moment between the command and its cleanup.
                self.close()
                raise

    def close(self) -> None:
        """Let all plugins go, and the host's loop with them, from synchronous code; no signal interrupts it."""
        with interrupts.cleaning(self.plugin_manager.hurry):
            if not self.plugin_manager.is_closed:
                self.host.loop.run_at_last(self.plugin_manager.close())
            self.host.loop.close()
            self.host.close_runs()
            self.host.stop_logs()
            self._leave_journal()

    def _leave_journal(self) -> None:
        """What ends this process now is not the plugin whose code it may be in."""
        if self.host.journal is not None:
            self.host.journal.close()

    def call(self, argv: list[str]) -> int:
        """Run one command and give its exit code; errors are told on standard error."""
        with output.masking(self.host.redactor), operation():
            return reporting(lambda: self._dispatch(argv), debug=self.debug)

    def _dispatch(self, argv: list[str]) -> int:
        from typer.main import get_command

        if not argv or self.plugin_manager.shortcut_to(argv[0]) is None:
            tell_problem(self.plugin_manager.configuration_problem)
        for hint in self.host.situation.development.hints:
            output.tell(f"warning: {hint}")
        self._check_given(argv)
        group: Any = get_command(self.app)
        return int(group.dispatch(argv))

    def _check_given(self, argv: list[str]) -> None:
        """Refuse settings for plugins that do not exist; ``dev run`` brings a plugin of its own."""
        if argv[:1] != ["dev"]:
            for given in self.host.situation.options.given:
                self.plugin_manager.survey.find(given.plugin)


def default_options() -> HostOptions:
    """The user's home, all enabled plugins, and no built-in command given away."""
    from localagent_cli.global_options import GlobalOptions
    from localagent_cli.session import host_options

    return host_options(GlobalOptions())


def _root() -> None:
    """A host for local LLM agents made of plugins, and the toolkit to make them."""
