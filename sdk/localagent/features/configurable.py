"""A plugin that follows its settings while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import ConfigError
from localagent.features.enhanced import EnhancedPlugin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, Self

    from localagent.plugins.context import PluginContext
    from localagent.plugins.snapshot import Snapshot

    ConfigWatcher = Callable[[Snapshot, Snapshot], Any]

INTERVAL = 1.0
"""Seconds between two looks at a file that `ConfigurablePlugin.periodic_config_check` takes."""


class ConfigurablePlugin(EnhancedPlugin):
    """Has its new settings in `config` as soon as one of their files changes, and calls who wants to know.

    A change that does not fit the schema, or that `validate_config` or a watcher refuses, is told and changes nothing.

    Attributes:
        config_watchers: a list of who is called; further ones are added by `add_config_watcher`.
    """

    config_watchers: Any
    _is_following: bool

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A plugin with a list of watchers, whatever its own constructor does."""
        made = super().__new__(cls)
        made.config_watchers = []
        made._is_following = False
        return made

    async def initialize(self, context: PluginContext) -> bool:
        """Begin to follow the settings."""
        if not await super().initialize(context):
            return False
        await self.setup_config_watcher()
        return True

    def add_config_watcher(self, callback: ConfigWatcher) -> None:
        """Call ``callback(old, new)``, which may be async, after each change.

        Both are mappings of settings, and ``new.changed`` names those that changed. If a watcher raises, the change is
        taken back, and watchers that took it are called again with the two exchanged.
        """
        self.config_watchers.append(callback)
        if self._is_following:
            self.context.config.add_watcher(callback)

    async def setup_config_watcher(self) -> None:
        """Let the host watch ``NAME.yaml`` and ``config.yaml``, and tell the watchers that were added so far."""
        for watcher in (self._take_over, self._judge, *self.config_watchers):
            self.context.config.add_watcher(watcher)
        self._is_following = True

    async def reload_config(self) -> bool:
        """Read the settings now, without waiting for the host to notice that a file changed.

        Returns:
            False if they cannot be used or a watcher refused them; the settings are then what they were before.
        """
        reloaded: bool = await self.context.config.reload()
        if reloaded:
            self.logger.debug("settings reloaded")
        return reloaded

    async def watch_config_file(self, config_file: Path) -> None:
        """Call `reload_config` whenever `config_file` changes, until cancelled.

        For files beyond those that `setup_config_watcher` names.
        """
        import asyncio

        from localagent.services.watching import Watch

        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        watch = Watch(lambda: [config_file], lambda: loop.call_soon_threadsafe(changed.set))
        try:
            while await changed.wait():
                changed.clear()
                await self.reload_config()
        finally:
            watch.stop()

    async def periodic_config_check(self, config_file: Path, interval: float = INTERVAL) -> None:
        """As `watch_config_file`, with a look every `interval` seconds and no thread."""
        import asyncio

        before = _stamp(config_file)
        while True:
            await asyncio.sleep(interval)
            now = _stamp(config_file)
            if now != before:
                before = now
                await self.reload_config()

    def _take_over(self, old: Snapshot, new: Snapshot) -> None:
        """Load the settings in force, as the author may have it; a watcher of its own, to be called back as well."""
        self.config = self.load_plugin_config()

    async def _judge(self, old: Snapshot, new: Snapshot) -> None:
        """Let the author refuse the settings.

        Raises:
            ConfigError: they are not valid.
        """
        if not await self.validate_config():
            raise ConfigError("validate_config() refuses the changed settings", plugin=self.name)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size
