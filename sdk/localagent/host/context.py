"""The context a plugin gets: the host's services, each remembering what this plugin registered."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.host.belonging import belonging_to, name_of
from localagent.host.pausing import pausable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from rich.console import Console

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.plugins.messages import PluginMessage
    from localagent.plugins.stages import PluginLifecycleStage

    T = TypeVar("T")


class HostContext:
    """One plugin's view of its host."""

    def __init__(self, host: Host, guard: Guard, ledger: Ledger) -> None:
        self._host = host
        self._guard = guard
        self._ledger = ledger
        self.message_bus = OwnedBus(host, guard, ledger)
        self.lifecycle_manager = OwnedHooks(host, guard, ledger)

    @property
    def config(self) -> Any:
        """The user's settings; ``config.plugins[NAME]["config"]`` is a plugin's merged settings as a fresh dict."""
        return self._host.settings

    @property
    def config_dir(self) -> Path:
        """LocalAgent's home folder."""
        return self._host.home.path

    @functools.cached_property
    def data_dir(self) -> Path:
        """The plugin's own folder, created on first use."""
        folder = self._host.home.data(self._guard.plugin)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def provider_manager(self) -> Any:
        """The providers that plugins offer."""
        return self._host.provider_manager

    @property
    def ui(self) -> Any:
        """The terminal components that plugins offer."""
        return self._host.ui

    @property
    def workflows(self) -> Any:
        """The workflow parts that plugins offer."""
        return self._host.workflow_manager

    @functools.cached_property
    def logger(self) -> logging.Logger:
        """A logger named after the plugin; its records have the plugin's name as the attribute `plugin`."""
        logger = logging.getLogger(f"localagent.plugin.{self._guard.plugin}")
        if not any(isinstance(each, _OwnedRecords) for each in logger.filters):
            logger.addFilter(_OwnedRecords(self._guard.plugin))
        return logger

    @functools.cached_property
    def console(self) -> Console:
        """A Rich console on standard output."""
        from rich.console import Console

        return Console()

    def spawn(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `coro` as a task of the plugin, cancelled when the plugin goes."""
        import asyncio

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


class _OwnedRecords(logging.Filter):
    """Marks log records with the plugin they come from."""

    def __init__(self, plugin: str) -> None:
        super().__init__()
        self._plugin = plugin

    def filter(self, record: logging.LogRecord) -> bool:
        record.plugin = self._plugin
        return True


class OwnedBus:
    """The message bus as one plugin uses it: its handlers are guarded, and gone when it goes.

    Attributes:
        topics: the topics it ever subscribed to.
    """

    def __init__(self, host: Host, guard: Guard, ledger: Ledger) -> None:
        self.topics: set[str] = set()
        self._host = host
        self._guard = guard
        self._ledger = ledger

    @property
    def subscribers(self) -> Mapping[str, tuple[Callable[..., Any], ...]]:
        """Handlers by topic, as a copy."""
        return self._host.message_bus.subscribers

    @property
    def direct_handlers(self) -> Mapping[str, Callable[..., Any]]:
        """The handler of each plugin that answers direct messages, as a copy."""
        return self._host.message_bus.direct_handlers

    @property
    def pending_requests(self) -> Mapping[str, asyncio.Future[Any]]:
        """Requests that wait for their answer, as a copy."""
        return self._host.message_bus.pending_requests

    def subscribe(self, message_type: str, handler: Callable[[PluginMessage], Any]) -> Callable[[], None]:
        """Call `handler` for each broadcast of a topic; returns the function that ends the subscription."""
        unsubscribe = self._host.message_bus.subscribe(
            message_type, self._guarded(f"handler of '{message_type}'", handler)
        )
        self._ledger.record(unsubscribe)
        self.topics.add(message_type)
        return unsubscribe

    def register_direct_handler(self, plugin_name: str, handler: Callable[[PluginMessage], Any]) -> Callable[[], None]:
        """Let `handler` answer what is sent to `plugin_name`; returns the function that ends it."""
        unregister = self._host.message_bus.register_direct_handler(
            plugin_name, self._guarded("handler of direct messages", handler)
        )
        self._ledger.record(unregister)
        return unregister

    async def broadcast(self, sender: str, message_type: str, data: Any) -> dict[str, int]:
        """Tell all subscribers of a topic; returns how many were ``matched``, ``delivered``, ``failed``."""
        return await self._host.message_bus.broadcast(sender, message_type, data)

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """Tell one plugin."""
        await self._host.message_bus.send_direct(sender, recipient, data)

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = 30) -> Any:  # noqa: ASYNC109 - the guide's signature
        """Ask one plugin and wait for its answer, at most `timeout` seconds."""
        return await self._host.message_bus.request(sender, recipient, data, timeout)

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """Answer a request."""
        self._host.message_bus.respond(original_message, sender, data)

    def _guarded(self, step: str, handler: Callable[[PluginMessage], Any]) -> Callable[[PluginMessage], Any]:
        return pausable(self._guard, step, handler)


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
        remove = self._manager.add_hook(stage, callback, guard=self._guard)
        self._ledger.record(remove)
        return remove
