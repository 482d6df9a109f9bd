"""Find, load, call, unload plugins: the life of each from discovery to cleanup."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localagent.errors import PluginFailed, PluginNotAvailable
from localagent.host import consent
from localagent.host.dependencies import requirement_name, unmet
from localagent.host.guard import Guard
from localagent.host.host import Host
from localagent.host.ledger import Ledger
from localagent.host.loading import load
from localagent.host.preflight import preflight
from localagent.host.preparing import apply_settings, prepare
from localagent.host.records import Record, keep_records
from localagent.host.registering import Registration, register
from localagent.host.survey import Survey, learn, survey
from localagent.plugins.stages import PluginLifecycleStage as Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin

_log = logging.getLogger("localagent.host")


@dataclass(slots=True)
class LoadedPlugin:
    """A plugin in memory, with what the host needs to call it and to let it go."""

    spec: PluginSpec
    plugin: Plugin
    guard: Guard
    ledger: Ledger
    registration: Registration = field(default_factory=Registration)


@dataclass(frozen=True, slots=True)
class Enabled:
    """The outcome of enabling a plugin.

    Attributes:
        spec: the plugin that was agreed to.
        record: what its preflight learned.
    """

    spec: PluginSpec
    record: Record


class PluginManager:
    """The plugins of one host.

    Args:
        host: the host to manage; None opens one over the user's home.
    """

    def __init__(self, host: Host | None = None) -> None:
        self.host = Host.open() if host is None else host
        self._survey: Survey | None = None
        self._loaded: dict[str, LoadedPlugin] = {}
        self._errors: dict[str, PluginNotAvailable] = {}

    @property
    def survey(self) -> Survey:
        """All plugins with their states; made on first use, renewed by `discover_plugins`."""
        if self._survey is None:
            self._survey = survey(self.host.situation)
        return self._survey

    @property
    def discovered_plugins(self) -> Mapping[str, PluginSpec]:
        """What is known of each plugin that was found, by name."""
        return {name: found.spec for name, found in self.survey.plugins.items()}

    @property
    def loaded_plugins(self) -> Mapping[str, Plugin]:
        """The plugins that are ready, by name, in the order they became so."""
        return {name: loaded.plugin for name, loaded in self._loaded.items()}

    @property
    def errors(self) -> Mapping[str, PluginNotAvailable]:
        """Why each plugin that was asked for could not be loaded, or failed while it was let go."""
        return dict(self._errors)

    async def discover_plugins(self) -> Mapping[str, PluginSpec]:
        """Look at all sources anew; runs no plugin code."""
        self._survey = survey(self.host.situation)
        return self.discovered_plugins

    async def load_plugin(self, name: str) -> bool:
        """Make a plugin ready, and first the plugins it depends on.

        Returns:
            False if that is not possible; `errors` then has the reason.
        """
        try:
            await self.require(name)
        except PluginNotAvailable as error:
            self._errors[name] = error
            return False
        self._errors.pop(name, None)
        return True

    async def load_all(self) -> tuple[str, ...]:
        """Load every enabled plugin; gives the names of those that are ready."""
        for name, found in self.survey.plugins.items():
            if found.enabled:
                await self.load_plugin(name)
        return tuple(self._loaded)

    async def require(self, name: str) -> LoadedPlugin:
        """A plugin that is ready, loaded if need be.

        Raises:
            PluginNotAvailable: it cannot be had; the error names step, cause and fix.
        """
        return await self._require(name, ())

    async def unload_plugin(self, name: str) -> bool:
        """Let a plugin go, and first the plugins that depend on it; False if it was not loaded.

        Its registrations are undone even if its own cleanup fails; the failure is in `errors`.
        """
        loaded = self._loaded.get(name)
        if loaded is None:
            return False
        for dependent in [other for other, each in self._loaded.items() if name in _dependencies(each)]:
            await self.unload_plugin(dependent)
        del self._loaded[name]
        await self._move(name, Stage.READY, Stage.CLEANING_UP)
        await self._clean_up(loaded)
        return True

    async def reload_plugin(self, name: str) -> bool:
        """Unload a plugin, look at its files anew, load it again; the plugins that depended on it come back too."""
        before = list(self._loaded)
        loaded = self._loaded.get(name)
        await self.unload_plugin(name)
        if loaded is not None:
            forget_modules(loaded.spec)
        await self.discover_plugins()
        outcome = await self.load_plugin(name)
        for other in before:
            if other != name and other not in self._loaded:
                await self.load_plugin(other)
        return outcome

    async def close(self) -> None:
        """Let all plugins go, the newest first."""
        for name in reversed(tuple(self._loaded)):
            await self.unload_plugin(name)

    def enable(self, name: str, *, distribution: str | None = None) -> Enabled:
        """Agree to run a plugin from the source it has now, and learn by a preflight what it is.

        Args:
            name: the plugin.
            distribution: agree to the one from this distribution, even if another one of that name comes first.

        Raises:
            PluginNotAvailable: there is no such plugin, or its folder is not trusted.
        """
        found = self.survey.find(name, distribution=distribution)
        if not found.spec.source.trusted:
            found.require()
        consent.enable(self.host.home, found.spec)
        if found.spec.flaw is not None:
            record = Record(failure=found.spec.flaw)
        else:
            record = preflight([found.spec], self.host.home)[found.spec]
            keep_records(self.host.home, {found.spec: record})
        self._survey = None
        return Enabled(found.spec, record)

    def disable(self, name: str) -> PluginSpec:
        """Say that a plugin must not run; it stays where it is.

        Raises:
            PluginNotAvailable: there is no such plugin.
        """
        found = self.survey.find(name)
        consent.disable(self.host.home, name)
        self._survey = None
        return found.spec

    def learn_commands(self) -> Survey:
        """The survey with the commands of every enabled plugin, by preflights where nothing else tells."""
        self._survey = learn(self.survey, self.host.situation)
        return self._survey

    @contextlib.contextmanager
    def executing(self, name: str) -> Generator[None]:
        """A plugin's stage while one of its commands runs; nested commands of one plugin count as one."""
        run, stage_of = self.host.loop.run, self.host.lifecycle_manager.stage_of
        outermost = stage_of(name) is Stage.READY
        if outermost:
            run(self._move(name, Stage.READY, Stage.EXECUTING))
        try:
            yield
        finally:
            if outermost:
                run(self._move(name, Stage.EXECUTING, Stage.READY))

    async def _require(self, name: str, chain: tuple[str, ...]) -> LoadedPlugin:
        if name in self._loaded:
            return self._loaded[name]
        if name in chain:
            cycle = " -> ".join((*chain[chain.index(name) :], name))
            raise PluginNotAvailable(
                f"plugins depend on each other in a circle: {cycle}",
                plugin=name,
                fix="remove one of these dependencies",
            )
        spec = self.survey.find(name).require()
        await self._load_dependencies(spec, spec.requires, (*chain, name))
        return await self._bring_up(spec, (*chain, name))

    async def _load_dependencies(self, spec: PluginSpec, requirements: tuple[str, ...], chain: tuple[str, ...]) -> None:
        for requirement in requirements:
            needed = requirement_name(requirement)
            problem = unmet(requirement, self.discovered_plugins.get(needed))
            if problem:
                raise PluginNotAvailable(
                    f"the plugin '{spec.name}' {problem}", plugin=spec.name, file=spec.manifest_file
                )
            try:
                await self._require(needed, chain)
            except PluginNotAvailable as error:
                raise PluginNotAvailable(
                    f"the plugin '{spec.name}' needs the plugin '{needed}': {error.message}",
                    plugin=spec.name,
                    file=error.file,
                    line=error.line,
                    fix=error.fix,
                ) from error

    async def _bring_up(self, spec: PluginSpec, chain: tuple[str, ...]) -> LoadedPlugin:
        """Take one plugin from its source to ready; a failure leaves nothing of it behind."""
        name = spec.name
        guard = Guard(name, spec.code_root)
        stages = self.host.lifecycle_manager
        if stages.stage_of(name) is Stage.ERROR:
            await self._move(name, Stage.ERROR, Stage.UNLOADED)
        await self._move(name, stages.stage_of(name), Stage.LOADING)
        try:
            plugin = load(spec, guard)
            await self._load_dependencies(spec, _declared_dependencies(plugin, guard), chain)
            loaded = LoadedPlugin(spec, plugin, guard, Ledger())
            prepare(plugin, self.host, guard, loaded.ledger)
            apply_settings(plugin, spec, self.host, guard)
        except PluginNotAvailable:
            await self._move(name, Stage.LOADING, Stage.ERROR)
            raise
        await self._move(name, Stage.LOADING, Stage.INITIALIZING)
        try:
            await self._initialise(loaded)
            loaded.registration = register(plugin, self.host, guard, loaded.ledger)
        except PluginFailed:
            await self._move(name, Stage.INITIALIZING, Stage.ERROR)
            await self._move(name, Stage.ERROR, Stage.CLEANING_UP)
            await self._clean_up(loaded)
            raise
        self._loaded[name] = loaded
        await self._move(name, Stage.INITIALIZING, Stage.READY)
        return loaded

    async def _initialise(self, loaded: LoadedPlugin) -> None:
        ready = await loaded.guard.call_async("initialise", loaded.plugin.initialize, loaded.plugin.context)
        if ready:
            return
        raise PluginFailed(
            f"initialise: it returned {ready!r}, which says that it is not ready",
            plugin=loaded.spec.name,
            step="initialise",
            file=loaded.spec.module_file,
            fix="its log may say more; its author: return True, or raise an error that says what is missing",
        )

    async def _clean_up(self, loaded: LoadedPlugin) -> None:
        """Run the plugin's own cleanup, then undo its registrations whatever became of that."""
        name = loaded.spec.name
        reached = Stage.ERROR
        try:
            await loaded.guard.call_async("cleanup", loaded.plugin.cleanup)
            reached = Stage.UNLOADED
        except PluginFailed as failure:
            _log.warning("%s: %s", failure.place, failure.message)
            self._errors[name] = failure
        finally:
            loaded.ledger.undo_all()
        await self._move(name, Stage.CLEANING_UP, reached)

    async def _move(self, name: str, from_stage: Stage, to_stage: Stage) -> None:
        await self.host.lifecycle_manager.transition_plugin(name, from_stage, to_stage)


def forget_modules(spec: PluginSpec) -> None:
    """Take the modules of a plugin out of `sys.modules`, so that the next import reads its files."""
    import importlib
    import sys
    from pathlib import Path

    root = spec.code_root
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and root is not None and Path(file).resolve().is_relative_to(root):
            del sys.modules[name]
    importlib.invalidate_caches()


def _declared_dependencies(plugin: Plugin, guard: Guard) -> tuple[str, ...]:
    """``Plugin.dependencies`` as texts."""
    declared: Callable[[], tuple[str, ...]] = lambda: tuple(map(str, plugin.dependencies))  # noqa: E731 - for the guard
    return guard.call("construct", declared)


def _dependencies(loaded: LoadedPlugin) -> frozenset[str]:
    declared = (*loaded.spec.requires, *_declared_dependencies(loaded.plugin, loaded.guard))
    return frozenset(map(requirement_name, declared))
