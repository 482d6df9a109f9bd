"""A reload as one transaction: the new lives are shown all at once, or nothing has changed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from localagent.errors import LocalAgentError, PluginFailed, PluginNotAvailable
from localagent.host.belonging import running
from localagent.host.ledger import Ledger
from localagent.host.loaded import LoadedPlugin
from localagent.host.preparing import apply_settings, prepare
from localagent.host.registering import register
from localagent.host.reloading.gate import Gate
from localagent.host.reloading.modules import TakenOut
from localagent.host.reloading.outcome import COMMIT, DRAIN, Reload, detached, refused
from localagent.host.reloading.plan import group_of, make_plan
from localagent.host.reloading.retiring import Retiring, end_life
from localagent.host.reloading.staging import Staging
from localagent.host.starting import initialise
from localagent.plugins.stages import PluginLifecycleStage as Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.host.host import Host
    from localagent.host.reloading.plan import Plan
    from localagent.host.survey import Survey
    from localagent.providers.instances import Instance

_TURNS = 3
"""Turns of the event loop after which whatever was called before has begun to be counted."""
_LOOK_EVERY = 0.002
"""Seconds after which it is noticed that the last call is over."""


class Plugins(Protocol):
    """The plugins of a manager, as reloading needs them."""

    @property
    def ready(self) -> Mapping[str, LoadedPlugin]:
        """Those that are ready."""
        ...

    @property
    def survey(self) -> Survey:
        """All plugins as they were found last."""
        ...

    def look_again(self) -> Survey:
        """All plugins, found anew; what was known before stays known until `adopt`."""
        ...

    def adopt(self, lives: Mapping[str, LoadedPlugin], survey: Survey | None = None) -> None:
        """Have these lives in the place of those before, and know what was found."""
        ...

    async def require(self, name: str) -> object:
        """Make a plugin ready."""
        ...

    async def let_go(self, names: Collection[str]) -> tuple[str, ...]:
        """Unload plugins and those that need them; gives their names."""
        ...


class Reloading:
    """Takes up the changed code of plugins, one reload after the other.

    Args:
        host: the host.
        plugins: its plugins.

    Attributes:
        gate: who must wait meanwhile.
        generations: how many lives each plugin that was reloaded has had.
    """

    def __init__(self, host: Host, plugins: Plugins) -> None:
        self.gate = Gate(host)
        self.generations: dict[str, int] = {}
        self._host = host
        self._plugins = plugins
        self._retiring = Retiring(host)
        self._turn = asyncio.Lock()

    async def reload(self, names: Iterable[str], files: Sequence[Path] | None = None) -> Reload:
        """Take up the changed code of plugins that are ready.

        Args:
            names: the plugins.
            files: the Python files that changed; None looks at all that are imported.

        Returns:
            what became of it; what any plugin raises is told there.
        """
        async with self._turn:
            began = time.perf_counter()
            outcome = await self._reload([name for name in dict.fromkeys(names) if name in self._plugins.ready], files)
            outcome = replace(outcome, seconds=time.perf_counter() - began)
            if outcome.is_done:
                for name in outcome.names:
                    await self._host.lifecycle_manager.tell_new_life(name)
            if outcome.is_done:
                leaks = await self._retiring.settled(outcome.names)
                outcome = replace(outcome, warnings=(*outcome.warnings, *leaks))
            self._tell(outcome)
            return outcome

    async def close(self) -> None:
        """Wait for the reload under way and let former lives go."""
        async with self._turn:
            await self._retiring.close()

    async def _reload(self, names: list[str], files: Sequence[Path] | None) -> Reload:
        group = group_of(names, self._plugins.ready)
        gone = [name for name in names if not _is_there(self._plugins.ready[name])]
        if gone:
            unloaded = await self._let_go(gone)
            left = [name for name in names if name in self._plugins.ready]
            rest = await self._reload(left, files) if left else Reload(group, self._generation(group))
            return replace(rest, names=group, unloaded=unloaded)
        if not group:
            return Reload(())
        transaction: _Transaction | None = None
        try:
            plan = make_plan(names, self._plugins.ready, self._plugins.look_again(), files)
            transaction = _Transaction(plan, self._host, self._plugins, self._retiring, self.generations)
            self.gate.close(plan.specs)
            await self._drain(plan.old, next(iter(plan.specs)))
            return await transaction.run()
        except PluginNotAvailable as error:
            gap = transaction.gap if transaction is not None else 0.0
            warnings = tuple(transaction.warnings) if transaction is not None else ()
            problem, trace = detached(error)
            return Reload(group, self._generation(group), problem=problem, gap=gap, warnings=warnings, trace=trace)
        finally:
            self.gate.open()

    async def _let_go(self, gone: Sequence[str]) -> tuple[str, ...]:
        """Unload plugins whose files went, once what they have under way is over or its time is; gives all names."""
        leaving = {name: self._plugins.ready[name] for name in group_of(gone, self._plugins.ready)}
        self.gate.close(leaving)
        try:
            with contextlib.suppress(PluginFailed):
                await self._drain(leaving, gone[0])
            return await self._plugins.let_go(gone)
        finally:
            self.gate.open()

    async def _drain(self, lives: Mapping[str, LoadedPlugin], plugin: str) -> None:
        """Wait until nothing of some lives runs but streams, nor waits to be handled.

        Args:
            lives: by the names of their plugins.
            plugin: the plugin that is the reason for it.

        Raises:
            PluginFailed: something still runs when the time is over.
        """
        caller = running.get()
        if caller is not None and caller.plugin in lives:
            raise refused(DRAIN, "the plugin itself asked for it and still runs", plugin=caller.plugin)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        until = time.monotonic() + self._host.situation.budgets.drain
        while reason := self._busy(lives):
            if time.monotonic() > until:
                raise refused(DRAIN, reason, plugin=plugin, fix="it is tried again when that is over")
            await asyncio.sleep(_LOOK_EVERY)

    def _busy(self, lives: Mapping[str, LoadedPlugin]) -> str:
        """What still runs; empty if nothing does."""
        stage_of = self._host.lifecycle_manager.stage_of
        for name, old in lives.items():
            if stage_of(name) is Stage.EXECUTING:
                return f"a command of '{name}' still runs"
            if old.guard.calls.running:
                return f"a call into '{name}' still runs"
            if name in self._retiring.names:
                return f"the life before this one of '{name}' is still in use"
        busy = self._host.message_bus.busy(lives.keys()) if self._host.has_message_bus else ()
        return f"messages to '{min(busy)}' are still being handled" if busy else ""

    def _generation(self, group: Sequence[str]) -> int:
        return self.generations.get(group[0], 1) if group else 0

    def _tell(self, outcome: Reload) -> None:
        """Tell the outcome on the bus, if anybody uses it."""
        if outcome.names and self._host.has_message_bus:
            topic = "plugin.reloaded" if outcome.is_done else "plugin.reload_failed"
            self._host.message_bus.publish_nowait("host", topic, outcome.to_dict())


class _Transaction:
    """One reload between the closing and the opening of the gate.

    Attributes:
        gap: seconds in which nothing answered for a plugin that needs something for itself alone.
        warnings: what went wrong beside.
    """

    def __init__(
        self, plan: Plan, host: Host, plugins: Plugins, retiring: Retiring, generations: dict[str, int]
    ) -> None:
        self.gap = 0.0
        self._plan = plan
        self._host = host
        self._plugins = plugins
        self._retiring = retiring
        self._generations = generations
        self._before = plugins.survey
        self._ended: list[LoadedPlugin] = []
        self._modules = TakenOut(())
        self._staging = Staging(plan, host, self._require)

    @property
    def warnings(self) -> Sequence[str]:
        """What went wrong beside."""
        return self._staging.warnings

    async def run(self) -> Reload:
        """Make the next lives and show them.

        Raises:
            PluginFailed: that cannot be; everything is as it was before.
        """
        began = time.perf_counter()
        await self._end_those_alone()
        self._modules = TakenOut((*(old.spec for old in self._plan.old.values()), *self._plan.specs.values()))
        is_done = False
        try:
            await self._staging.make_all()
            providers = self._commit()
            is_done = True
        finally:
            if not is_done:
                await self._roll_back()
            if self._ended:
                self.gap = time.perf_counter() - began
        self._retire(providers)
        names = tuple(self._plan.specs)
        generation = self._generations[names[0]]
        kept = tuple(self._staging.state_kept)
        return Reload(names, generation, state_kept=kept, gap=self.gap, warnings=tuple(self.warnings))

    async def _require(self, name: str) -> None:
        if name not in self._plugins.ready:
            self._plugins.adopt({}, self._plan.survey)
            await self._plugins.require(name)

    async def _end_those_alone(self) -> None:
        """End the old lives that hold what their next ones need for themselves alone; those that need others first."""
        for name, old in reversed(tuple(self._plan.old.items())):
            if name in self._plan.alone:
                self._ended.append(old)
                await end_life(old, self._host.situation.budgets.cleanup)
                old.ledger.undo_all()

    def _commit(self) -> tuple[Instance, ...]:
        """Show the new lives instead of the old ones; gives the providers that were made of the old ones' classes.

        Nothing is awaited here, so that nobody sees a part of it.

        Raises:
            PluginFailed: another plugin has a name that a new life wants; the old ones are shown as before.
        """
        old, new = tuple(self._plan.old.values()), self._staging.ready
        for life in reversed(old):
            life.ledger.withdraw()
        shown: list[LoadedPlugin] = []
        before = self._host.settings.beside()
        try:
            for life in new.values():
                shown.append(life)
                self._host.settings.take(life.name, self._staging.settings)
                life.ledger.publish()
        except LocalAgentError as error:
            for life in reversed(shown):
                life.ledger.withdraw()
                self._host.settings.take(life.name, before)
            for life in old:
                life.ledger.publish()
            raise refused(COMMIT, error.message, plugin=shown[-1].name, file=error.file, line=error.line) from error
        for life in new.values():
            if life.context is not None:
                life.context.config.look_at(self._host.settings)
            self._generations[life.name] = self._generations.get(life.name, 1) + 1
        self._plugins.adopt(new, self._plan.survey)
        return self._host.provider_manager.take_out(tuple(new)) if self._host.has_provider_manager else ()

    async def _roll_back(self) -> None:
        """Have everything as it was before."""
        await self._staging.drop()
        self._modules.put_back()
        self._plugins.adopt({}, self._before)
        for old in reversed(self._ended):
            await self._revive(old)

    async def _revive(self, old: LoadedPlugin) -> None:
        """Make a life ready again that was ended for the sake of one that could not be."""
        life = LoadedPlugin(
            old.spec, old.plugin, old.guard, old.traces, needs=old.needs, dependencies=old.dependencies, ledger=Ledger()
        )
        try:
            life.context = prepare(life.plugin, life.spec, self._host, life.guard, life.ledger)
            apply_settings(life.plugin, life.spec, life.context, self._host.settings)
            await initialise(life)
            life.registration = register(life.plugin, self._host, life.guard, life.ledger)
        except PluginFailed as failure:
            self._staging.warnings.append(f"'{old.name}' cannot be brought back: {failure.message}")
            life.ledger.undo_all()
            await self._plugins.let_go([old.name])
        else:
            self._plugins.adopt({old.name: life})

    def _retire(self, providers: tuple[Instance, ...]) -> None:
        old = dict(self._plan.old)
        for name, life in reversed(old.items()):
            own = tuple(each for each in providers if each.caller.plugin == name)
            modules = [module for module in self._modules.modules.values() if _lies_in(module, life)]
            self._retiring.retire(life, generation=self._generations[name] - 1, providers=own, modules=modules)
        self._modules.modules.clear()


def _lies_in(module: object, life: LoadedPlugin) -> bool:
    from localagent.host.places import is_below

    return is_below(getattr(module, "__file__", None) or "", life.spec.code_root)


def _is_there(loaded: LoadedPlugin) -> bool:
    """Whether a plugin's files are where they were."""
    root = loaded.spec.code_root
    return root is None or root.exists()
