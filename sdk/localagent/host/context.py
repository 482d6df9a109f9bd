"""The context a plugin gets: the host's services, each remembering what this plugin registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from localagent.host.belonging import belonging_to, name_of
from localagent.host.lifecycle import stage_meant
from localagent.host.owned_bus import OwnedBus
from localagent.host.owned_settings import OwnedSettings
from localagent.services.correlation import spoken_by
from localagent.services.made_once import made_once

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from rich.console import Console

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.host.owned_ui import OwnedUI
    from localagent.plugins.stages import PluginLifecycleStage
    from localagent.services.plugin_logger import PluginLogger
    from localagent.services.secrets import Grant
    from localagent.services.storage import Storage

    T = TypeVar("T")


class HostContext:
    """One plugin's view of its host."""

    def __init__(self, host: Host, guard: Guard, ledger: Ledger, grant: Grant) -> None:
        self._host = host
        self._guard = guard
        self._ledger = ledger
        self.config = OwnedSettings(host, guard, ledger, grant)
        self.message_bus = OwnedBus(host, guard, ledger)
        self.lifecycle_manager = OwnedHooks(host, guard, ledger)

    @property
    def config_dir(self) -> Path:
        """LocalAgent's home folder."""
        return self._host.home.path

    @made_once
    def data_dir(self) -> Path:
        """The plugin's own folder, created on first use."""
        folder = self._host.home.data(self._guard.plugin)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def provider_manager(self) -> Any:
        """The providers that plugins offer."""
        return self._host.provider_manager

    @made_once
    def ui(self) -> OwnedUI:
        """The terminal components of plugins and of LocalAgent."""
        from localagent.host.owned_ui import OwnedUI

        return OwnedUI(self._host, self._guard, self._ledger)

    @property
    def workflows(self) -> Any:
        """The workflow parts that plugins offer."""
        return self._host.workflow_manager

    @made_once
    def storage(self) -> Storage:
        """The plugin's own values, kept between runs; closed when the plugin goes."""
        from localagent.services.storage import Storage, storage_file

        plugin = self._guard.plugin
        storage = Storage(storage_file(self._host.home, plugin), plugin=plugin, tell=self.logger.warning)
        self._ledger.record(storage.close)
        return storage

    @made_once
    def logger(self) -> PluginLogger:
        """A logger named after the plugin, which takes fields too: ``logger.info("done", items=3)``."""
        return self._host.logs.logger_for(self._guard.plugin)

    @made_once
    def console(self) -> Console:
        """A Rich console on standard output."""
        from rich.console import Console

        return Console()

    def spawn(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `coro` as a task of the plugin, cancelled when the plugin goes."""
        import asyncio

        with spoken_by(self.logger.who):
            task = asyncio.get_running_loop().create_task(self._guard.background(coro), name=name_of(self._guard, coro))
        self._ledger.record(task.cancel)
        belonging_to(self._guard, task, coro)
        return task

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` on the host's loop from synchronous code and wait for its result.

        Raises:
            WrongLoop: the caller runs on that loop itself.
        """
        return self._host.loop.run(coro)


class OwnedHooks:
    """The lifecycle manager as one plugin uses it: its hooks are guarded, and gone when it goes."""

    def __init__(self, host: Host, guard: Guard, ledger: Ledger) -> None:
        self._manager = host.lifecycle_manager
        self._guard = guard
        self._ledger = ledger

    @property
    def hooks(self) -> Mapping[PluginLifecycleStage, tuple[Callable[..., Any], ...]]:
        """The hooks of each stage, as a copy."""
        return self._manager.hooks

    @property
    def plugin_states(self) -> Mapping[str, PluginLifecycleStage]:
        """The stage of each plugin, as a copy."""
        return self._manager.plugin_states

    def add_hook(self, stage: PluginLifecycleStage, callback: Callable[..., Any]) -> Callable[[], None]:
        """Call `callback` whenever a plugin enters `stage`; returns the function that ends it."""
        meant = stage_meant(stage)
        return self._ledger.enter(lambda: self._manager.add_hook(meant, callback, guard=self._guard))
