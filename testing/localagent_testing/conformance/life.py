"""One whole life of a plugin in a real host over an empty home, as facts for the rules to judge."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, ManifestError, PluginFailed, PluginNotAvailable
from localagent.host.preparing import missing_settings
from localagent.host.registering import Registration
from localagent_testing.conformance.scene import GRACE, opened
from localagent_testing.conformance.traces import Holdings, left_children, own_temporary_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.host.loaded import LoadedPlugin
    from localagent.host.manager import PluginManager
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin
    from localagent_testing.conformance.plan import Plan

READY_LIMIT = 15.0
"""Seconds a plugin may take to become ready."""

CLEANUP_LIMIT = 5.0
"""Seconds one cleanup may take."""

MOMENT = 0.05
"""Seconds that a ready plugin is left alone, so that the tasks it started begin their work."""


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
        processes: child processes that were left, described.
        open_files: files and connections that were left open, described.
        temporary: names of temporary files and folders that were left.
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
    processes: tuple[str, ...] = ()
    open_files: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ()


def observe(spec: PluginSpec, plan: Plan, environ: Mapping[str, str]) -> Life:
    """Let the plugin live once: load, initialise, register, clean up twice.

    Args:
        spec: the plugin.
        plan: what it is tried with.
        environ: where its settings may come from; what steers the host is left out.
    """
    present, before = frozenset(threading.enumerate()), Holdings.now()
    with opened(spec, plan, environ) as (cli, _), own_temporary_folder() as temporary:
        life = cli.host.loop.run(_live(cli.plugin_manager, spec))
        files = tuple(sorted(file.name for file in temporary.iterdir()))
    if life.obstacle is not None:
        return life
    # The loop is closed first: closing it ends the threads of its own executor, which are not the plugin's to end.
    threads, after = _left_threads(present), Holdings.now()
    return replace(
        life,
        threads=threads,
        processes=left_children(before, after),
        open_files=tuple(sorted(after.files - before.files)),
        temporary=files,
    )


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
