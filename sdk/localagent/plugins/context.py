"""What a plugin gets from the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import logging
    from asyncio import Task
    from collections.abc import Callable, Coroutine, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeVar

    from rich.console import Console

    from localagent.plugins.messages import PluginMessage
    from localagent.plugins.snapshot import Snapshot
    from localagent.plugins.stages import PluginLifecycleStage

    T = TypeVar("T")


class ConfigView(Protocol):
    """The user's settings as plugins see them."""

    @property
    def plugins(self) -> Mapping[str, Mapping[str, Any]]:
        """By plugin name ``{"enabled": bool, "config": merged settings}``; every look gives a fresh plain dict."""
        ...

    @property
    def snapshot(self) -> Snapshot:
        """The plugin's own settings in force, references to secrets as they are written."""
        ...

    def add_watcher(self, watcher: Callable[[Snapshot, Snapshot], Any]) -> Callable[[], None]:
        """Call ``watcher(old, new)``, which may be async, after each valid change; returns the function that ends it.

        ``new.changed`` names the settings that changed. A watcher that raises takes the change back.
        """
        ...

    async def reload(self) -> bool:
        """Read the files now; False if they cannot be used or a watcher failed, and nothing changed."""
        ...


class MessageBus(Protocol):
    """The message bus as plugins see it."""

    def subscribe(
        self,
        message_type: str,
        handler: Callable[[PluginMessage], Any],
        *,
        queue: int | None = None,
        overflow: Literal["block", "drop_oldest"] = "block",
        blocking: bool = False,
    ) -> Callable[[], None]:
        """Call `handler` for each broadcast of a topic; returns the function that ends the subscription.

        Args:
            message_type: the topic; ``*`` stands for one segment, ``**`` at the end for the rest.
            handler: sync or async.
            queue: give it a mailbox with room for so many messages, so that publishers need not wait for it.
            overflow: whether a full mailbox makes publishers wait or drops its oldest message.
            blocking: whether a sync handler blocks, and so is called in a thread.
        """
        ...

    def register_direct_handler(
        self, plugin_name: str, handler: Callable[[PluginMessage], Any], *, blocking: bool = False
    ) -> Callable[[], None]:
        """Let `handler` answer direct messages and requests to `plugin_name`; returns the function that ends it."""
        ...

    async def broadcast(self, sender: str, message_type: str, data: Any) -> Mapping[str, int]:
        """Tell all subscribers of a topic: how many ``matched``, ``delivered``, ``failed``, ``timed_out``."""
        ...

    def publish_nowait(self, sender: str, message_type: str, data: Any) -> None:
        """Tell all subscribers of a topic and wait for none."""
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


class Storage(Protocol):
    """Values by key as plugins see them: what JSON can say, on the disk when a write returns."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value at `key`; `default` where there is none or its time is over."""
        ...

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` at `key`, for `ttl` seconds if that is given."""
        ...

    def delete(self, key: str) -> bool:
        """Remove what is at `key`; whether there was something."""
        ...

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        ...

    def clear(self) -> None:
        """Remove everything."""
        ...

    def transaction(self) -> AbstractContextManager[Storage]:
        """Several reads and writes as one step, undone by an exception; do not await inside."""
        ...


class LifecycleHooks(Protocol):
    """The lifecycle manager as plugins see it."""

    def add_hook(self, stage: PluginLifecycleStage, callback: Callable[..., Any]) -> None:
        """Call ``callback(plugin_name, from_stage, to_stage, context)`` whenever a plugin enters `stage`."""
        ...


class LiveDisplay(Protocol):
    """A part of the terminal that is drawn again and again."""

    def update(self, renderable: Any, *, refresh: bool = False) -> None:
        """Show something else: what Rich can draw, or text; at once if `refresh` says so."""
        ...


class UserInterface(Protocol):
    """The terminal components as plugins see them.

    A component is meant by ``name`` or by ``plugin:name``; the plain name means the plugin's own component first, then
    that of another plugin that is loaded, then LocalAgent's own. Hyphens and underscores are equal.
    """

    def render(self, name: str, data: Any, **options: Any) -> Any:
        """What a component makes of `data`, for Rich to draw; a panel that tells the cause where the component fails.

        Raises:
            PluginNotAvailable: there is no such component.
            UsageError: it takes no such options; a component of LocalAgent's own takes no such data (`UnfitData`).
        """
        ...

    def show(self, name: str, data: Any, **options: Any) -> bool:
        """Draw it on standard output; whether the component did not fail. Errors are those of `render`."""
        ...

    def live(self, content: Any = "", *, per_second: float = 4) -> AbstractContextManager[LiveDisplay]:
        """A live display that shows `content` first, drawn anew `per_second` times by itself, while it is entered.

        It ends, and the cursor comes back, with the component or the plugin at the latest.
        """
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
    def ui(self) -> UserInterface:
        """The terminal components of plugins and of LocalAgent."""
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
    def storage(self) -> Storage:
        """The plugin's own values, kept between runs."""
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
