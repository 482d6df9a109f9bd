"""One whole life of a plugin in a real host over an empty home, as facts for the rules to judge."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, ManifestError, PluginFailed, PluginNotAvailable
from localagent.host import consent
from localagent.host.dependencies import requirement_name
from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.preparing import missing_settings
from localagent.host.registering import Registration
from localagent.host.situation import HostOptions, Situation
from localagent.host.spec import SourceKind
from localagent.host.survey import survey
from localagent_cli.plugin_tests import without_host_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.host.loaded import LoadedPlugin
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin

READY_LIMIT = 15.0
"""Seconds a plugin may take to become ready."""

CLEANUP_LIMIT = 5.0
"""Seconds one cleanup may take."""

MOMENT = 0.05
"""Seconds that a ready plugin is left alone, so that the tasks it started begin their work."""

GRACE = 1.0
"""Seconds that tasks and threads have to end after the cleanup that told them to."""


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of one plugin, from its source to after its cleanup.

    Attributes:
        spec: what was known before.
        obstacle: why it did not become ready, None if it did; then all that follows is empty.
        missing_settings: required settings that nobody set, if they are the obstacle.
        plugin: the plugin as it was when ready.
        registered: names of what it registered.
        provider_class: what it offers as provider class, if it is a provider plugin.
        cleanup_failures: what went wrong in the first and in the second cleanup.
        tasks: asyncio tasks that were left, described.
        threads: threads that were left, described.
    """

    spec: PluginSpec
    obstacle: PluginNotAvailable | None = None
    missing_settings: tuple[str, ...] = ()
    plugin: Plugin | None = None
    registered: Registration = field(default_factory=Registration)
    provider_class: Any = None
    cleanup_failures: tuple[PluginNotAvailable, ...] = ()
    tasks: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()


def observe(spec: PluginSpec, environ: Mapping[str, str] = os.environ) -> Life:
    """Let the plugin live once: load, initialise, register, clean up twice.

    Args:
        spec: the plugin.
        environ: where its settings may come from; what steers the host is left out.
    """
    present = frozenset(threading.enumerate())
    with tempfile.TemporaryDirectory(prefix="localagent-conformance-", ignore_cleanup_errors=True) as folder:
        host = _host(spec, Path(folder), environ)
        _agree(host, spec)
        manager = PluginManager(host)
        try:
            life = host.loop.run(_live(manager, spec))
        finally:
            _close(host)
    # The loop is closed first: closing it ends the threads of its own executor, which are not the plugin's to end.
    return replace(life, threads=_left_threads(present)) if life.obstacle is None else life


def _close(host: Host) -> None:
    """Close the loop, unless a task refuses to be cancelled: closing would wait for it for ever."""
    if host.loop.run(_all_ended()):
        host.loop.close()


async def _all_ended() -> bool:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    return not left or not (await asyncio.wait(left, timeout=GRACE))[1]


def _host(spec: PluginSpec, home: Path, environ: Mapping[str, str]) -> Host:
    extra = (spec.source.root,) if spec.source.kind is SourceKind.DEVELOPMENT else ()
    return Host(Situation.read(HostOptions(home=home, extra=extra), without_host_variables(environ)))


def _agree(host: Host, spec: PluginSpec) -> None:
    """Enable the plugin, where naming its folder does not, and the installed plugins that it requires."""
    found = survey(host.situation).plugins
    agreed, wanted = {spec.name}, [spec]
    while wanted:
        agreeable = wanted.pop()
        consent.enable(host.home, agreeable)
        required = set(map(requirement_name, agreeable.requires)) & found.keys() - agreed
        agreed |= required
        wanted += (found[name].spec for name in required)


async def _live(manager: PluginManager, spec: PluginSpec) -> Life:
    try:
        loaded = await _become_ready(manager, spec)
        registered = loaded.registration
    except PluginNotAvailable as obstacle:
        await manager.close()
        return Life(spec, obstacle, _missing_settings(manager, spec, obstacle))
    offers = manager.host.provider_manager.providers
    provider_class = offers[spec.name].thing.provider_class if spec.name in offers else None
    await asyncio.sleep(MOMENT)
    failures = await _clean_up_twice(manager, loaded)
    await manager.close()
    tasks = await _left_tasks(manager.host.tally.left)
    return Life(
        spec,
        plugin=loaded.plugin,
        registered=registered,
        provider_class=provider_class,
        cleanup_failures=failures,
        tasks=tasks,
    )


async def _become_ready(manager: PluginManager, spec: PluginSpec) -> LoadedPlugin:
    try:
        async with asyncio.timeout(READY_LIMIT):
            return await manager.require(spec.name)
    except TimeoutError as error:
        raise _too_slow(spec, "initialise", READY_LIMIT) from error


async def _clean_up_twice(manager: PluginManager, loaded: LoadedPlugin) -> tuple[PluginNotAvailable, ...]:
    """Let the host clean up, then do it once more as a host that lost count would."""
    spec = loaded.spec
    failures: list[PluginNotAvailable] = []
    try:
        async with asyncio.timeout(CLEANUP_LIMIT):
            await manager.unload_plugin(spec.name)
        failures.extend(manager.errors[name] for name in manager.errors if name == spec.name)
        async with asyncio.timeout(CLEANUP_LIMIT):
            await loaded.guard.call_async("cleanup", loaded.plugin.cleanup)
    except PluginFailed as failure:
        failures.append(failure)
    except TimeoutError:
        failures.append(_too_slow(spec, "cleanup", CLEANUP_LIMIT))
    return tuple(failures)


def _too_slow(spec: PluginSpec, step: str, limit: float) -> PluginFailed:
    message = f"{step}: it was not done after {limit:.0f} s"
    return PluginFailed(message, plugin=spec.name, step=step, file=spec.module_file)


def _missing_settings(manager: PluginManager, spec: PluginSpec, obstacle: PluginNotAvailable) -> tuple[str, ...]:
    if isinstance(obstacle, PluginFailed) and obstacle.step == "settings":
        with contextlib.suppress(ConfigError, ManifestError):  # then this is the obstacle, and no missing setting
            return tuple(missing_settings(spec, manager.host.settings.merged(spec.name)))
    return ()


async def _left_tasks(given_up: Mapping[str, str]) -> tuple[str, ...]:
    """Tasks that the host had to cancel, and those that go on nevertheless."""
    me = asyncio.current_task()
    ending = asyncio.all_tasks() - {me}
    if ending:
        await asyncio.wait(ending, timeout=GRACE)
    left = {task.get_name(): _code_of(task) for task in asyncio.all_tasks() - {me}}
    return tuple(sorted(f"task {name!r} ({place})" for name, place in {**left, **given_up}.items()))


def _code_of(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    return f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else str(task.get_coro())


def _left_threads(present: frozenset[threading.Thread]) -> tuple[str, ...]:
    deadline = time.monotonic() + GRACE
    while (left := frozenset(threading.enumerate()) - present) and time.monotonic() < deadline:
        time.sleep(0.01)
    return tuple(sorted(f"thread {thread.name!r}" for thread in left))
