"""What all ready-made classes begin with: settings that were checked, a logger, progress on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.plugins.base import Plugin
from localagent.plugins.kinds import CommandPlugin
from localagent.services.correlation import Speaker
from localagent.services.plugin_logger import PluginLogger

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any, TypeVar

    from rich.progress import Progress

    from localagent.plugins.context import PluginContext

    T = TypeVar("T")


class EnhancedPlugin(Plugin):
    """The base of the ready-made classes, for a plugin of any kind.

    Each of them calls the next one's `initialize` before it does its own part, and its own part of `cleanup` before
    the next one's. So any of them can be combined, in any order, and False from one of them is the answer of all.

    Attributes:
        progress: the `rich.progress.Progress` made last, None before.
    """

    progress: Any = None

    async def initialize(self, context: PluginContext) -> bool:
        """Load the settings, set up the logger, and answer whether the settings are valid."""
        if not await super().initialize(context):
            return False
        self.context = context
        self.config = self.load_plugin_config()
        self.setup_logging()
        return await self.validate_config()

    def setup_logging(self) -> None:
        """Give the plugin a logger named after it, unless it has one, as every plugin in a host has."""
        if self.logger is None:
            self.logger = PluginLogger(Speaker(self.name, self.version))

    def create_progress(self, description: str) -> Progress:
        """A display of progress on standard error, to be used in ``with``; `description` is for those who override it.

        Standard output stays as it is, since data go there.
        """
        from rich.console import Console
        from rich.progress import Progress

        progress = Progress(console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False)
        self.progress = progress
        return progress

    async def execute_with_progress(self, coro: Awaitable[T], description: str) -> T:
        """Await `coro` while `description` is shown as under way, and give its result."""
        with self.create_progress(description) as progress:
            task = progress.add_task(description, total=None)
            result = await coro
            progress.update(task, total=1, completed=1)
            return result

    async def cleanup(self) -> None:
        """Take a display of progress off the terminal that was left there."""
        if self.progress is not None:
            self.progress.stop()
        await super().cleanup()


class EnhancedCommandPlugin(EnhancedPlugin, CommandPlugin):
    """A command plugin whose settings were checked, with a logger and progress on the terminal."""
