"""The framework for tests of one plugin class: its life, its settings, its commands."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from localagent.plugins.base import Plugin
from localagent.plugins.kinds import CommandPlugin
from localagent_testing.hosting import TemporaryHome, open_cli, write_settings
from localagent_testing.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typer.testing import Result

    from localagent_testing.recording import RecordingContext

P = TypeVar("P", bound=Plugin)


class PluginTestFramework(Generic[P]):
    """Brings a plugin class to life in a real host, over an empty home of its own.

    It needs no pytest. Whatever is wrong is an `AssertionError`, or the `PluginFailed` with which the host tells it;
    its ``__cause__`` is then the plugin's own exception.

    Args:
        plugin_class: the class; where it stands in a plugin's folder, its manifest counts.

    Attributes:
        plugin_class: the class.
        mock_context: the context, once there is one: a real one that writes down what is called.
        plugin_instance: the plugin, from when it is ready until it is cleaned up.
    """

    __test__ = False

    def __init__(self, plugin_class: type[P]) -> None:
        self.plugin_class = plugin_class
        self.mock_context: RecordingContext | None = None
        self.plugin_instance: P | None = None
        self._trial: Trial[P] | None = None
        self._home: TemporaryHome | None = None
        self._leave: weakref.finalize[..., Any] | None = None

    def setup_mock_context(self, **config_overrides: Any) -> RecordingContext:
        """A fresh context in a fresh home, for the plugin or any other instance of its class.

        It serves as long as this framework is kept, and until the next one is set up.

        Args:
            config_overrides: by plugin name ``{"config": {setting: value}}``, as in ``config.yaml``; names with a
                hyphen are given as ``**{"my-plugin": …}``.

        Raises:
            ConfigError: the sections are not of that form.
            PluginFailed: the schema of the settings cannot be had.
        """
        return self._prepared(config_overrides).context

    async def create_plugin_instance(self, **config_overrides: Any) -> P:
        """A new instance that is ready, on the running event loop; the one before is let go first.

        Args:
            config_overrides: as in `setup_mock_context`.

        Raises:
            PluginFailed: its settings are not valid, or it failed, or it says that it is not ready.
        """
        await self.cleanup()
        trial = self._prepared(config_overrides)
        trial.cli.host.loop.adopt()
        self.plugin_instance = await trial.start()
        return self.plugin_instance

    async def test_plugin_lifecycle(self) -> bool:
        """Whether the plugin gets ready, registers and cleans up; True, since all else raises.

        Raises:
            AssertionError: a command plugin registered no command.
            PluginFailed: a step failed.
        """
        plugin = await self.create_plugin_instance()
        if isinstance(plugin, CommandPlugin) and self._trial is not None and not self._trial.commands:
            raise AssertionError(
                f"the plugin '{plugin.name}' registered no command: add one to the app in register_commands"
            )
        await self.cleanup()
        return True

    async def test_configuration_validation(
        self, valid_config: Mapping[str, Any], invalid_config: Mapping[str, Any]
    ) -> None:
        """Whether the plugin takes the one and refuses the other.

        Args:
            valid_config: sections by plugin name, as in `setup_mock_context`.
            invalid_config: settings of this plugin, without sections.

        Raises:
            AssertionError: `validate_config` says otherwise.
            PluginFailed: the plugin does not even get ready with the valid ones.
        """
        plugin = await self.create_plugin_instance(**valid_config)
        if await plugin.validate_config() is not True:
            raise AssertionError(f"validate_config() refused {plugin.config!r}; its warnings are in the log")
        in_force, plugin.config = plugin.config, dict(invalid_config)
        try:
            if await plugin.validate_config() is not False:
                raise AssertionError(
                    f"validate_config() accepted {dict(invalid_config)!r}: "
                    "let the schema of the settings, config_schema.json beside the module, refuse it"
                )
        finally:
            plugin.config = in_force

    def test_command_execution(self, command_name: str, args: Sequence[str], expected_exit_code: int = 0) -> Result:
        """Run a command of the plugin as users run it; where there is no instance, one is created first.

        Args:
            command_name: the command.
            args: the words after it.
            expected_exit_code: what it must end with.

        Returns:
            Typer's result: ``stdout``, ``stderr``, ``output``, ``exit_code``.

        Raises:
            AssertionError: it ended with another exit code; the message has what it printed.
            PluginFailed: there was no instance, and none could be created.
        """
        trial = self._trial
        if trial is None or not trial.is_started:
            trial = trial or self._prepared({})
            self.plugin_instance = trial.start_from_outside()
        # By its full name, since a built-in command of that name would come first.
        result = trial.invoke([f"{trial.plugin.name}:{command_name}", *args])
        if result.exit_code != expected_exit_code:
            words = " ".join([command_name, *args])
            raise AssertionError(
                f"'{words}' ended with exit code {result.exit_code}, expected {expected_exit_code}; "
                f"it printed:\n{result.output}"
            )
        return result

    async def cleanup(self) -> None:
        """Let the instance go, and the host with it; without one nothing is done.

        Raises:
            PluginFailed: the plugin's own cleanup failed.
        """
        trial, self._trial, self.plugin_instance = self._trial, None, None
        if trial is not None:
            trial.cli.host.loop.adopt()
            try:
                await trial.end()
            finally:
                await trial.cli.cleanup()
                trial.abandon()

    def close(self) -> None:
        """`cleanup` from synchronous code, on the loop that the instance was created on, if that still runs."""
        trial, self._trial, self.plugin_instance = self._trial, None, None
        if trial is not None:
            trial.abandon()
            trial.cli.close()

    def _prepared(self, sections: Mapping[str, Any]) -> Trial[P]:
        """A trial in a fresh home."""
        if self._leave is not None:
            self._leave()
        self._home = TemporaryHome()
        write_settings(self._home.path, sections)
        self._trial = Trial(self.plugin_class, open_cli(self._home.path))
        # Many a test constructs this and never cleans up.
        self._leave = weakref.finalize(self, self._trial.abandon)
        self.mock_context = self._trial.context
        return self._trial
