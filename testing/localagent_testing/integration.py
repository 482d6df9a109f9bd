"""Plugins together, in a whole LocalAgent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from localagent.errors import NoResponder, UsageError
from localagent.host.identity import identify_file, identify_folder
from localagent.host.spec import Source, SourceKind
from localagent_testing.hosting import TemporaryHome, open_cli, write_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from typer.testing import Result

    from localagent_cli.app import LocalAgentCLI

PROVIDER = "test-provider"
"""The provider that a workflow is run with unless another one is named."""


class PluginIntegrationTestSuite:
    """Starts a real LocalAgent in a home of its own and loads real plugins into it; it needs no pytest.

    Use it as ``async with PluginIntegrationTestSuite(path) as suite``, or call `setup_test_environment` and
    `cleanup_test_environment`.

    Args:
        sources: folders and files with the plugins; without any, the current folder.
        config: their settings, by plugin name ``{"config": {setting: value}}``.

    Attributes:
        localagent_instance: LocalAgent, while the environment is there.
        test_plugins: the names of the plugins that are loaded, in the order they became ready.
    """

    __test__ = False

    def __init__(self, *sources: str | Path, config: Mapping[str, Any] | None = None) -> None:
        self.localagent_instance: LocalAgentCLI | None = None
        self.test_plugins: list[str] = []
        self._sources = tuple(Path(source) for source in sources or (Path(),))
        self._config = dict(config or {})
        self._home: TemporaryHome | None = None

    async def setup_test_environment(self) -> None:
        """Start LocalAgent on the running event loop and load the plugins.

        Raises:
            UsageError: a source holds no plugin.
            PluginNotAvailable: a plugin cannot be loaded; the error says why.
        """
        for source in self._sources:
            _require_plugin(source.resolve())
        self._home = TemporaryHome()
        write_settings(self._home.path, self._config)
        self.localagent_instance = open_cli(self._home.path, sources=self._sources)
        await self.localagent_instance.initialize()
        await self.load_test_plugins()

    async def load_test_plugins(self) -> None:
        """Load all plugins of the sources, and what they depend on of these.

        Raises:
            PluginNotAvailable: one cannot be loaded.
        """
        manager = self._localagent.plugin_manager
        roots = {source.resolve() for source in self._sources}
        wanted = [name for name, spec in manager.discovered_plugins.items() if spec.source.root in roots]
        for name in wanted:
            if not await manager.load_plugin(name):
                raise manager.errors[name]
        self.test_plugins = list(manager.loaded_plugins)

    async def test_plugin_command_integration(self, *command_args: str, expected_output: str = "") -> Result | None:
        """Run a command line as users do; without one, show the help of each command that the plugins registered.

        Args:
            command_args: the words.
            expected_output: what standard output must contain.

        Returns:
            Typer's result of the last command line; None where the plugins have no commands.

        Raises:
            AssertionError: it ended with another exit code than 0, or without that output.
        """
        commands = self._localagent.plugin_manager.survey.commands().commands
        lines = [command_args] if command_args else [(name, "--help") for name in commands]
        result = None
        for line in lines:
            result = await self._invoke(line, expected_output)
        return result

    async def test_plugin_provider_integration(
        self, provider: str = PROVIDER, task: str = "Test workflow"
    ) -> dict[str, Any] | None:
        """Run a workflow with a provider of the plugins.

        Args:
            provider: the provider; where none of the loaded plugins has that name, nothing is done.
            task: what the workflow is to do.

        Returns:
            the workflow's result; None where nothing was done.

        Raises:
            AssertionError: its ``success`` is not True.
        """
        if provider not in self.test_plugins:
            return None
        result = await self._localagent.workflow_manager.execute_workflow(task, provider=provider)
        if result["success"] is not True:
            raise AssertionError(f"the workflow '{task}' failed with the provider '{provider}': {result!r}")
        return result

    async def test_inter_plugin_communication(
        self, sender: str | None = None, recipient: str | None = None, message_data: Any = None
    ) -> bool:
        """Send a direct message from one plugin to another, and see that its handler was done with it.

        Args:
            sender: who sends; by default the first plugin that is not the recipient.
            recipient: who is sent it; by default the last plugin that answers messages.
            message_data: what is sent; by default ``{"test": "data"}``.

        Returns:
            whether it was sent: with fewer than two plugins there is nothing to do.

        Raises:
            NoResponder: no plugin answers, or not this one.
            PluginFailed: the recipient's handler failed.
        """
        if len(self.test_plugins) < 2:  # noqa: PLR2004 - a sender and a recipient
            return False
        manager = self._localagent.plugin_manager
        recipient = recipient or self._responder(sender)
        sender = sender or next(name for name in self.test_plugins if name != recipient)
        data = {"test": "data"} if message_data is None else message_data
        await manager.loaded_plugins[sender].message_bus.send_direct(sender, recipient, data)
        return True

    async def cleanup_test_environment(self) -> None:
        """Let all plugins go, and remove the home; without an environment nothing is done."""
        cli, self.localagent_instance = self.localagent_instance, None
        self.test_plugins = []
        if cli is not None:
            await cli.cleanup()
            cli.close()
        if self._home is not None:
            self._home.remove()

    async def __aenter__(self) -> Self:
        try:
            await self.setup_test_environment()
        except BaseException:
            await self.cleanup_test_environment()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.cleanup_test_environment()

    @property
    def _localagent(self) -> LocalAgentCLI:
        if self.localagent_instance is None:
            raise UsageError("there is no environment yet", fix="await setup_test_environment() first")
        return self.localagent_instance

    async def _invoke(self, words: Sequence[str], expected_output: str) -> Result:
        from typer.testing import CliRunner

        # In a thread, so that asynchronous commands run on the loop that the plugins live on.
        result = await asyncio.to_thread(CliRunner().invoke, self._localagent.app, list(words))
        told = f"'{' '.join(words)}' ended with exit code {result.exit_code} and printed:\n{result.output}"
        if result.exit_code:
            raise AssertionError(told)
        if expected_output not in result.stdout:
            raise AssertionError(f"{expected_output!r} is not in the output: {told}")
        return result

    def _responder(self, sender: str | None) -> str:
        """The last plugin besides `sender` that answers messages."""
        answering = self._localagent.message_bus.direct_handlers.keys()
        for name in reversed(self.test_plugins):
            if name in answering and name != sender:
                return name
        raise NoResponder(
            f"none of {', '.join(self.test_plugins)} answers messages",
            fix="let one call message_bus.register_direct_handler(self.name, handler)",
        )


def _require_plugin(source: Path) -> None:
    identify = identify_folder if source.is_dir() else identify_file
    specs = identify(source, Source(SourceKind.DEVELOPMENT, source)) if source.exists() else []
    if not specs:
        raise UsageError(f"{source} holds no plugin")
