"""The user's settings as one plugin sees them: its watchers are guarded, and gone when it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.host.pausing import pausable
from localagent.services.settings import PluginSections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.plugins.base import Plugin
    from localagent.plugins.snapshot import Snapshot
    from localagent.services.secrets import Grant
    from localagent.services.settings import Settings

_STEP = "settings watcher"


class OwnedSettings:
    """What ``context.config`` is.

    Where settings name a secret, such as ``${env:NAME}``, the plugin gets that in its own ones only; in those of
    others, and in snapshots, the references stay.

    Attributes:
        has_environment: that the settings hold what the environment gives.
    """

    has_environment = True

    def __init__(self, host: Host, guard: Guard, ledger: Ledger, grant: Grant) -> None:
        self._host = host
        self._settings = host.settings
        self._grant = grant
        self._guard = guard
        self._ledger = ledger

    @property
    def plugins(self) -> Mapping[str, dict[str, Any]]:
        """By plugin name ``{"enabled": bool, "config": settings}``; every look gives a fresh plain dict.

        They are the settings in force: a change of a file that does not fit the schema does not show.
        """
        return PluginSections(self._settings, self._seen_by_me)

    @property
    def snapshot(self) -> Snapshot:
        """This plugin's settings in force, references as they are written.

        Raises:
            ConfigError: there never were valid ones.
            ManifestError: a file cannot be read.
        """
        return self._settings.snapshot(self._guard.plugin)

    def add_watcher(self, watcher: Callable[[Snapshot, Snapshot], Any]) -> Callable[[], None]:
        """Call ``watcher(old, new)``, which may be async, after each valid change; returns the function that ends it.

        ``new.changed`` names the settings that changed, and the plugin's `config` is the new one already. If a watcher
        raises, the change is taken back, and watchers that took it are called again with the two exchanged.
        """
        pausing = pausable(self._guard, _STEP, watcher)
        return self._ledger.enter(lambda: self._host.live_settings.add_watcher(self._guard.plugin, pausing))

    async def reload(self) -> bool:
        """Read the files now, as happens by itself while there is a watcher and the event loop runs.

        Returns:
            False if they cannot be used or a watcher failed; the settings are then what they were before.
        """
        return await self._host.live_settings.reload(self._guard.plugin)

    def look_at(self, settings: Settings) -> None:
        """Show what `settings` say from now on: those of the host, or such as are only tried with a new schema."""
        self._settings = settings

    def hand_to(self, plugin: Plugin) -> None:
        """Set the plugin's `config` to its settings, now and whenever they change.

        Raises:
            ConfigError: they are not valid, or a reference cannot be resolved.
            ManifestError: a file cannot be read.
            PluginFailed: the plugin refuses the attribute.
        """

        async def adopt(_: Snapshot, new: Snapshot) -> None:
            self._assign(plugin, new)

        self._assign(plugin, self.snapshot)
        self._ledger.enter(lambda: self._host.live_settings.begin(self._guard.plugin, adopt))

    def _assign(self, plugin: Plugin, settings: Snapshot) -> None:
        self._guard.call("prepare", setattr, plugin, "config", self._resolved(settings.plain()))

    def _seen_by_me(self, name: str, settings: dict[str, Any]) -> dict[str, Any]:
        return self._resolved(settings) if name == self._guard.plugin else settings

    def _resolved(self, settings: dict[str, Any]) -> dict[str, Any]:
        if not settings:
            return settings
        from localagent.services.redacting import literal_secrets

        for text in literal_secrets(settings):
            self._host.redactor.add(text)
        return self._host.secrets.resolve(settings, self._grant)
