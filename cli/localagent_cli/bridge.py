"""Between Typer and a plugin: its commands are called through the guard, asynchronous ones on the host's loop."""

from __future__ import annotations

import copy
import functools
import inspect
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from localagent_cli import streams
from localagent_cli.exit_codes import COMMAND_STEP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localagent.host.loaded import LoadedPlugin
    from localagent_cli.app import LocalAgentCLI

_MEANT_FOR_TYPER = (typer.Exit, typer.Abort, typer.TyperException, SystemExit, BrokenPipeError)
"""What a command raises to say how it ended; everything else is a failure."""


def bridge(command: Any, loaded: LoadedPlugin, cli: LocalAgentCLI) -> Any:
    """A copy of `command` whose callback, and those of its subcommands, are called through the host."""
    bridged = copy.copy(command)
    if isinstance(bridged, TyperGroup):
        bridged.commands = {name: bridge(child, loaded, cli) for name, child in bridged.commands.items()}
    if bridged.callback is not None:
        bridged.callback = _bridged(bridged.callback, loaded, cli)
    return bridged


def _bridged(callback: Callable[..., Any], loaded: LoadedPlugin, cli: LocalAgentCLI) -> Callable[..., Any]:
    @functools.wraps(callback)
    def call(*args: Any, **kwargs: Any) -> Any:
        def work() -> Any:
            result = callback(*args, **kwargs)
            return cli.host.loop.run(_awaited(result, cli)) if inspect.isawaitable(result) else result

        with cli.plugin_manager.executing(loaded.spec.name):
            try:
                return loaded.guard.call(COMMAND_STEP, work, passing=_MEANT_FOR_TYPER)
            except BrokenPipeError as error:
                if streams.reader_is_gone():
                    raise
                # A pipe of the plugin's own broke.
                raise loaded.guard.failure(COMMAND_STEP, error) from error

    return call


async def _awaited(result: Awaitable[Any], cli: LocalAgentCLI) -> Any:
    # Whoever watches settings may have said so before there was a loop.
    cli.host.live_settings.arm()
    return await result
