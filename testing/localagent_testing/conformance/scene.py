"""A plugin that is ready on a host of its own, for one rule to try."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import PluginFailed
from localagent.host.spec import SourceKind
from localagent.host.variables import without_host_variables
from localagent_testing.hosting import agree_to_run, give_settings, open_cli, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.loaded import LoadedPlugin
    from localagent.host.spec import PluginSpec
    from localagent_cli.app import LocalAgentCLI
    from localagent_testing.conformance.plan import Plan

T = TypeVar("T")

GRACE = 1.0
"""Seconds that tasks and threads have to end after they were told to."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A plugin on its host.

    Attributes:
        cli: the command line over the host.
        loaded: the plugin with what the host has of it.
        home: the host's home, which goes with the scene.
    """

    cli: LocalAgentCLI
    loaded: LoadedPlugin
    home: Path

    @property
    def host(self) -> Host:
        """The host."""
        return self.cli.host

    @property
    def guard(self) -> Guard:
        """The way into the plugin's code."""
        return self.loaded.guard

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the host's loop, to its end."""
        return self.host.loop.run(coro)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one call of the plugin's code.

    Attributes:
        value: what it gave.
        failure: what went wrong, None if nothing did.
    """

    value: Any = None
    failure: PluginFailed | None = None


async def attempt(guard: Guard, step: str, function: Callable[..., Any], *arguments: Any, limit: float) -> Attempt:
    """Call code of the plugin and await what it gives; whatever it raises is an outcome.

    Args:
        guard: the way into its code.
        step: what is done, in a word for the failure.
        function: the code.
        arguments: what it is called with.
        limit: seconds it may take.
    """
    try:
        return Attempt(await guard.call_async(step, function, *arguments, limit=limit))
    except PluginFailed as failure:
        return Attempt(failure=failure)


@contextlib.contextmanager
def opened(spec: PluginSpec, plan: Plan, environ: Mapping[str, str]) -> Generator[tuple[LocalAgentCLI, Path]]:
    """A command line over an empty home in which the plugin may run; host, home and loop go in the end."""
    with tempfile.TemporaryDirectory(prefix="localagent-conformance-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve()
        if plan.provider:
            write_settings(home, {}, providers={spec.name: plan.provider})
        elif spec.kind == "workflow":
            _let_agents_ask(home)
        is_development = spec.source.kind is SourceKind.DEVELOPMENT
        cli = open_cli(
            home,
            sources=(spec.source.root,) if is_development else (),
            installed=bool(spec.requires) or not is_development,
            environ=without_host_variables(environ),
        )
        give_settings(cli.host.home, spec.name, plan.settings)
        agree_to_run(cli.host, spec)
        try:
            yield cli, home
        finally:
            close(cli.host)
            # Else what is logged later makes the home anew.
            cli.host.stop_logs()


def _let_agents_ask(home: Path) -> None:
    """Have a model that answers in this process and in workers."""
    answers = home / "answers.txt"
    answers.write_text("Hello.", encoding="utf-8")
    write_settings(home, {}, provider="scripted", providers={"scripted": {"file": str(answers)}})


@contextlib.contextmanager
def staged(spec: PluginSpec, plan: Plan, environ: Mapping[str, str]) -> Generator[Scene]:
    """A scene with the plugin ready; it is let go in the end.

    Raises:
        PluginNotAvailable: it does not become ready.
    """
    with opened(spec, plan, environ) as (cli, home):
        try:
            yield Scene(cli, cli.host.loop.run(cli.plugin_manager.require(spec.name)), home)
        finally:
            cli.host.loop.run(cli.plugin_manager.close())


def close(host: Host) -> None:
    """Close the loop, unless a task refuses to be cancelled: closing would wait for it for ever."""
    if host.loop.run(_all_ended()):
        host.loop.close()


async def _all_ended() -> bool:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    return not left or not (await asyncio.wait(left, timeout=GRACE))[1]
