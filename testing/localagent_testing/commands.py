"""The commands of one plugin object, without a host around them."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed
from localagent.host.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import typer

    from localagent.plugins.base import Plugin

FAILED = 1
"""The exit code of a command that raised."""


class PluginCommands:
    """A plugin's commands, registered once, so that calling one does nothing but that.

    Args:
        plugin: the plugin.
        loop: the event loop on which asynchronous commands run; it goes on while another thread invokes them.

    Raises:
        PluginFailed: registering failed, or the plugin has no commands.
    """

    def __init__(self, plugin: Plugin, loop: asyncio.AbstractEventLoop) -> None:
        import typer
        from typer.main import get_group

        self._guard = Guard(plugin.name)
        self._loop = loop
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        self._guard.call("register", _register, plugin, app)
        self._await_in(app)
        self._group = self._guard.call("register", get_group, app)

    def invoke(self, words: Sequence[str]) -> int:
        """Run a command line, whose output is kept from the terminal; gives its exit code."""
        from typer.testing import CliRunner

        try:
            with CliRunner().isolation():
                self._guard.call("command", self._group.main, list(words), self._guard.plugin, passing=(SystemExit,))
        except SystemExit as exit_:
            return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        except PluginFailed:
            return FAILED
        return 0  # pragma: no cover - Typer always ends with SystemExit

    def _await_in(self, app: typer.Typer) -> None:
        """Let asynchronous commands of `app` run on the loop."""
        for command in app.registered_commands:
            if command.callback is not None and inspect.iscoroutinefunction(command.callback):
                command.callback = self._awaiting(command.callback)
        for group in app.registered_groups:
            if group.typer_instance is not None:
                self._await_in(group.typer_instance)

    def _awaiting(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(callback)
        def call(*arguments: Any, **keywords: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(callback(*arguments, **keywords), self._loop).result()

        return call


def _register(plugin: Any, app: typer.Typer) -> None:
    plugin.register_commands(app)
