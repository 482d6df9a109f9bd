"""What a plugin gets from the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import logging
    from asyncio import Task
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path
    from typing import TypeVar

    from rich.console import Console

    from localagent.plugins.messages import PluginMessage
    from localagent.plugins.stages import PluginLifecycleStage

    T = TypeVar("T")


class ConfigView(Protocol):
    """The user's settings as plugins see them."""

    @property
    def plugins(self) -> Mapping[str, Mapping[str, Any]]:
        """By plugin name ``{"enabled": bool, "config": merged settings}``; every look gives a fresh plain dict."""
        ...


class MessageBus(Protocol):
    """The message bus as plugins see it."""

    def subscribe(self, message_type: str, handler: Callable[[PluginMessage], Any]) -> Callable[[], None]:
        """Call `handler` for each broadcast of a topic; returns the function that ends the subscription."""
        ...

    def register_direct_handler(self, plugin_name: str, handler: Callable[[PluginMessage], Any]) -> None:
        """Let `handler` answer direct messages and requests to `plugin_name`."""
        ...

    async def broadcast(self, sender: str, message_type: str, data: Any) -> Mapping[str, int]:
        """Tell all subscribers of a topic; returns how many were ``matched``, ``delivered``, ``failed``."""
        ...

    async def send_direct(self, sender: str, recipient: str, data: Any) -> None:
        """Tell one plugin."""
        ...

    async def request(self, sender: str, recipient: str, data: Any, timeout: float = 30) -> Any:  # noqa: ASYNC109
        """Ask one plugin and wait for its answer, at most `timeout` seconds."""
        ...

    def respond(self, original_message: PluginMessage, sender: str, data: Any) -> None:
        """Answer a request."""
        ...


class LifecycleHooks(Protocol):
    """The lifecycle manager as plugins see it."""

    def add_hook(self, stage: PluginLifecycleStage, callback: Callable[..., Any]) -> None:
        """Call ``callback(plugin_name, from_stage, to_stage, context)`` whenever a plugin enters `stage`."""
        ...


class PluginContext(Protocol):
    """One object with all that the host gives; there are no globals.

    What a plugin registers through it is recorded and undone by the host when the plugin goes.
    """

    @property
    def config(self) -> ConfigView:
        """The user's settings."""
        ...

    @property
    def config_dir(self) -> Path:
        """LocalAgent's home folder."""
        ...

    @property
    def data_dir(self) -> Path:
        """The plugin's own folder, created on first use."""
        ...

    @property
    def provider_manager(self) -> Any:
        """The providers that plugins offer."""
        ...

    @property
    def message_bus(self) -> MessageBus:
        """Messages between plugins."""
        ...

    @property
    def lifecycle_manager(self) -> LifecycleHooks:
        """Hooks into plugins' lives."""
        ...

    @property
    def ui(self) -> Any:
        """The terminal components that plugins offer."""
        ...

    @property
    def workflows(self) -> Any:
        """The workflow parts that plugins offer."""
        ...

    @property
    def logger(self) -> logging.Logger:
        """A logger named after the plugin."""
        ...

    @property
    def console(self) -> Console:
        """A Rich console on standard output."""
        ...

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Task[T]:
        """Run `coro` as a task of the plugin, cancelled when the plugin goes."""
        ...

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` on the host's loop from synchronous code and wait for its result."""
        ...
