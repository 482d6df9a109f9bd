"""Let former lives of plugins go once nobody uses them any more."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
from typing import TYPE_CHECKING

from localagent.errors import PluginFailed
from localagent.host.reloading.census import Census
from localagent.host.reloading.stale import make_stale, stale_error

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from types import ModuleType

    from localagent.host.calls import Calls
    from localagent.host.host import Host
    from localagent.host.loaded import LoadedPlugin
    from localagent.providers.instances import Instance

_PAUSE = 1.0
"""Seconds without a reload after which modules are looked for that should be gone."""
_TOGETHER = 20
"""Lives after which that is done at the latest."""
_LOOK_EVERY = 0.02
"""Seconds after which it is noticed that the last reader of a stream is done."""

_log = logging.getLogger("localagent.host")


class Retiring:
    """The former lives of one host that are not over yet."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._tasks: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._calls: dict[str, Calls] = {}
        self._in_a_hurry = asyncio.Event()
        self._over: list[tuple[str, Census]] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def names(self) -> frozenset[str]:
        """The plugins that have a former life which is not over."""
        return frozenset(self._tasks)

    def retire(
        self,
        old: LoadedPlugin,
        *,
        generation: int,
        providers: Collection[Instance] = (),
        modules: Iterable[ModuleType] = (),
    ) -> None:
        """Clean up a life, which the host does not show any more, when its streams are closed."""
        census = Census(old.guard, modules)
        task = asyncio.get_running_loop().create_task(
            self._retire(old, generation, providers, census), name=f"{old.name}: retire life {generation}"
        )
        self._tasks[old.name], self._calls[old.name] = task, old.guard.calls
        task.add_done_callback(functools.partial(self._forget, old.name))

    async def settled(self, names: Iterable[str]) -> tuple[str, ...]:
        """Wait for the former lives of plugins that nobody reads from any more; gives what they left behind."""
        leaks: list[str] = []
        for name in names:
            if name in self._tasks and self._calls[name].are_over:
                leaks += await asyncio.shield(self._tasks[name])
        return tuple(leaks)

    async def close(self) -> None:
        """Let all go now, whoever still reads from them."""
        self._in_a_hurry.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _forget(self, name: str, _: object) -> None:
        del self._tasks[name], self._calls[name]

    async def _retire(
        self, old: LoadedPlugin, generation: int, providers: Collection[Instance], census: Census
    ) -> tuple[str, ...]:
        while not (old.guard.calls.are_over or self._in_a_hurry.is_set()):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._in_a_hurry.wait(), _LOOK_EVERY)
        seconds = self._host.situation.budgets.cleanup
        if providers:
            from localagent.providers.instances import give_back

            await give_back(providers, within=seconds / 2)
        await end_life(old, seconds)
        error = stale_error(old.name, generation)
        old.ledger.close(error)
        make_stale(old.plugin, error)
        name = old.name
        del old, providers
        # What waits for the outcome of the last calls lets go of them in its next turn.
        await asyncio.sleep(_LOOK_EVERY)
        leaks = tuple(census.leaks())
        _tell(name, leaks)
        self._ask_later(name, census)
        return leaks

    def _ask_later(self, name: str, census: Census) -> None:
        """Look for modules that are left, for several lives at once, since collecting garbage takes its time."""
        self._over.append((name, census))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if len(self._over) < _TOGETHER:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        gc.collect()
        over, self._over = self._over, []
        for name, census in over:
            _tell(name, census.modules_left())


def _tell(name: str, leaks: Iterable[str]) -> None:
    for leak in leaks:
        _log.warning("reload of '%s': %s", name, leak)


async def end_life(old: LoadedPlugin, seconds: float) -> None:
    """Clean up one life, once; a failure is told."""
    if old.is_cleaned_up:
        return
    old.is_cleaned_up = True
    try:
        await old.guard.call_async("cleanup", old.plugin.cleanup, limit=seconds)
    except PluginFailed as failure:
        _log.warning("%s: %s", failure.place, failure.message)
