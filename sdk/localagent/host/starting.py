"""Bring plugins up: import them in order, initialise independent ones side by side, each once."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from localagent.errors import PluginFailed, PluginNotAvailable
from localagent.host import interrupts
from localagent.host.costs import Meter
from localagent.host.guard import never_waits
from localagent.host.loaded import LoadedPlugin
from localagent.host.loading import Traces, dependencies_of, load
from localagent.host.loop import entered, runs_here
from localagent.host.preparing import apply_settings, prepare
from localagent.host.registering import register
from localagent.plugins.stages import PluginLifecycleStage as Stage
from localagent.services.correlation import Speaker, speaker

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping

    from localagent.host.context import HostContext
    from localagent.host.dependencies import Requirement
    from localagent.host.ending import Ending
    from localagent.host.host import Host
    from localagent.host.shortcut import Shortcut
    from localagent.host.spec import PluginSpec
    from localagent.host.survey import Survey

    Outcome = LoadedPlugin | PluginNotAvailable

_PATIENCE = 0.1
"""Seconds that a plugin gets to end its initialise when that was cancelled."""

_starting_here: ContextVar[bool] = ContextVar("starting_here", default=False)
"""Whether the caller is the initialise of a plugin."""


class _Imports:
    """The imports of one start: what came of them, and which are under way, each for the one before it."""

    def __init__(self) -> None:
        self.done: dict[str, LoadedPlugin] = {}
        self.failures: dict[str, PluginNotAvailable] = {}
        self.chain: list[str] = []


class Starting:
    """Brings plugins up, for callers that may ask for the same one at the same time.

    Attributes:
        ready: the plugins that are ready, in the order they became so.
        entered: the plugins whose initialise was entered and that were not let go since, in that order.
    """

    def __init__(self, host: Host, picture: Callable[[], Survey | Shortcut], ending: Ending) -> None:
        self.ready: dict[str, LoadedPlugin] = {}
        self.entered: dict[str, LoadedPlugin] = {}
        self._host = host
        self._picture = picture
        self._ending = ending
        self._importing: asyncio.Lock | None = None
        self._tasks: dict[str, asyncio.Task[LoadedPlugin]] = {}
        self._waiting: dict[asyncio.Task[LoadedPlugin], int] = {}

    async def start(self, names: Iterable[str]) -> Mapping[str, Outcome]:
        """Make plugins ready, and first what they need.

        Everything is imported before anything is initialised: an import holds up the whole event loop, and so would
        count against the time that others have for their initialise.

        Returns:
            for each name the plugin, or why it cannot be had.
        """
        wanted = tuple(dict.fromkeys(names))
        if all(name in self.ready for name in wanted):
            return {name: self.ready[name] for name in wanted}
        order = self._picture().order_of(wanted)
        if self._host.lifecycle_manager.has_hooks:
            await entered()
        if not runs_here():
            # Nobody else can begin to import in the meantime.
            imports = await self._bring_all_in((*order, *wanted))
            if all(never_waits(loaded.plugin.initialize) for loaded in imports.done.values()):
                await self._make_ready_in_turn(imports)
                return {name: _outcome(name, self.ready, imports.failures, {}) for name in wanted}
            await entered()
            tasks = self._begin_all((*order, *wanted), imports)
        else:
            async with self._importing_lock():
                imports = await self._bring_all_in((*order, *wanted))
                tasks = self._begin_all((*order, *wanted), imports)
        await self._wait(tasks)
        return {name: _outcome(name, self.ready, imports.failures, tasks) for name in wanted}

    async def admit(self, loaded: LoadedPlugin, context: HostContext) -> LoadedPlugin:
        """Make ready a plugin that was constructed and prepared elsewhere, as the testing kit does with a class.

        Raises:
            PluginFailed: its settings are not valid, or it cannot initialise or register.
        """
        for stage in _way_to_loading(self._host.lifecycle_manager.stage_of(loaded.name)):
            await self._move(loaded.name, stage)
        loaded.context = context
        try:
            apply_settings(loaded.plugin, loaded.spec, context, self._host.settings)
        except PluginNotAvailable:
            await self._drop(loaded.name, loaded)
            raise
        return await self._make_ready(loaded, {}, {})

    def is_starting(self, name: str) -> bool:
        """Whether waiting for this plugin could be waiting for oneself."""
        return _starting_here.get() and name in self._tasks

    async def stop(self) -> None:
        """Cancel what is being started; whose initialise was entered stays in `entered`, to be let go."""
        await self._cancel(set(self._tasks.values()))

    def _importing_lock(self) -> asyncio.Lock:
        import asyncio

        if self._importing is None:
            self._importing = asyncio.Lock()
        return self._importing

    async def _bring_all_in(self, names: Iterable[str]) -> _Imports:
        imports = _Imports()
        for name in names:
            await self._bring_in(name, imports)
        return imports

    async def _bring_in(self, name: str, imports: _Imports) -> None:
        """Import a plugin, unless that was done or tried already."""
        if name in self.ready or name in self._tasks or name in imports.done or name in imports.failures:
            return
        imports.chain.append(name)
        try:
            imports.done[name] = await self._import(self._picture().loadable(name), imports)
        except PluginNotAvailable as error:
            imports.failures[name] = error
        finally:
            imports.chain.pop()

    async def _import(self, spec: PluginSpec, imports: _Imports) -> LoadedPlugin:
        """Import and construct a plugin and hand it its settings; a failure leaves nothing of it behind.

        Raises:
            PluginNotAvailable: it failed, or what only its code says it needs cannot be had.
        """
        guard, meter = self._host.guard_for(spec), Meter()
        for stage in _way_to_loading(self._host.lifecycle_manager.stage_of(spec.name)):
            await self._move(spec.name, stage)
        traces = Traces(spec)
        loaded = None
        try:
            plugin = load(spec, guard, meter)
            traces.settle()
            loaded = LoadedPlugin(spec, plugin, guard, traces, meter=meter)
            loaded.dependencies = dependencies_of(plugin, guard)
            loaded.needs = await self._bring_in_needs(spec, loaded.dependencies, imports)
            with meter.step("prepare"):
                loaded.context = prepare(plugin, spec, self._host, guard, loaded.ledger)
                apply_settings(plugin, spec, loaded.context, self._host.settings)
        except PluginNotAvailable:
            await self._drop(spec.name, loaded)
            raise
        return loaded

    async def _bring_in_needs(
        self, spec: PluginSpec, dependencies: tuple[str, ...], imports: _Imports
    ) -> frozenset[str]:
        """Import what a plugin needs; what its manifest or record told is there already, the rest its code tells.

        Raises:
            PluginNotAvailable: something it needs cannot be had.
        """
        if not spec.requires and not dependencies:
            return frozenset()
        from localagent.host.dependencies import requirement_of

        declared = [requirement_of(text, spec.manifest_file) for text in spec.requires]
        observed = [requirement_of(text, spec.module_file) for text in dependencies]
        needs: set[str] = set()
        for requirement in (*declared, *observed):
            found = self._picture().spec_named(requirement.name)
            problem = _problem(requirement, found, imports.chain)
            if found is None or problem:
                message = f"the plugin '{spec.name}' {problem}"
                raise PluginNotAvailable(message, plugin=spec.name, file=requirement.file or None)
            await self._bring_in(found.name, imports)
            if found.name in imports.failures:
                raise _because(spec.name, found.name, imports.failures[found.name])
            needs.add(found.name)
        return frozenset(needs)

    async def _make_ready_in_turn(self, imports: _Imports) -> None:
        """Make plugins ready that never wait, so that side by side would be no sooner; each after what it needs."""
        for name, loaded in imports.done.items():
            try:
                await self._make_ready(loaded, {}, imports.failures)
            except PluginNotAvailable as error:
                imports.failures[name] = error

    def _begin_all(self, names: Iterable[str], imports: _Imports) -> Mapping[str, asyncio.Task[LoadedPlugin]]:
        """Begin to make ready what was imported; gives the tasks of all that are concerned, others' among them."""
        for loaded in imports.done.values():
            self._begin(loaded)
        return {name: self._tasks[name] for name in (*names, *imports.done) if name in self._tasks}

    def _begin(self, loaded: LoadedPlugin) -> None:
        import asyncio

        needed = {name: self._tasks[name] for name in sorted(loaded.needs) if name in self._tasks}
        task = asyncio.create_task(self._make_ready(loaded, needed, {}), name=f"{loaded.name}: initialise")
        self._tasks[loaded.name] = task
        task.add_done_callback(lambda _: self._tasks.pop(loaded.name, None))

    async def _make_ready(
        self,
        loaded: LoadedPlugin,
        needed: Mapping[str, asyncio.Task[LoadedPlugin]],
        failures: Mapping[str, PluginNotAvailable],
    ) -> LoadedPlugin:
        """Initialise and register one plugin once what it needs is ready.

        If this is cancelled after initialise was entered, the plugin stays in `entered`, to be let go by who cancelled.
        """
        speaker.set(Speaker(loaded.name, loaded.spec.version))
        name = loaded.name
        if needed:
            import asyncio

            await asyncio.wait(needed.values())
        for each in sorted(loaded.needs):
            if each not in self.ready:
                cause = _outcome(each, self.ready, failures, needed)
                await self._drop(name, loaded)
                raise _because(name, each, cause)
        await self._move(name, Stage.INITIALIZING)
        self.entered[name] = loaded
        token = _starting_here.set(True)
        try:
            with loaded.meter.step("initialise"):
                await initialise(loaded)
            with loaded.meter.step("register"):
                loaded.registration = register(loaded.plugin, self._host, loaded.guard, loaded.ledger)
        except PluginFailed:
            await self._ending.let_go([loaded])
            self.entered.pop(name, None)
            self._erase(loaded)
            raise
        finally:
            _starting_here.reset(token)
        self.ready[name] = loaded
        await self._move(name, Stage.READY)
        return loaded

    async def _wait(self, tasks: Mapping[str, asyncio.Task[LoadedPlugin]]) -> None:
        """Wait for all; if this is cancelled, what nobody else waits for is given up."""
        import asyncio

        waited = set(tasks.values())
        for task in waited:
            self._waiting[task] = self._waiting.get(task, 0) + 1
        try:
            if waited:
                await asyncio.wait(waited)
        except asyncio.CancelledError:
            # After a signal all plugins are let go soon, by code that no further signal interrupts.
            if interrupts.pending() is None:
                await self._give_up({task for task in waited if self._waiting[task] == 1})
            raise
        finally:
            for task in waited:
                self._waiting[task] -= 1
                if not self._waiting[task]:
                    del self._waiting[task]

    async def _give_up(self, tasks: set[asyncio.Task[LoadedPlugin]]) -> None:
        names = await self._cancel(tasks)
        leaving = [loaded for name, loaded in self.entered.items() if name in names and name not in self.ready]
        try:
            await self._ending.let_go(leaving)
        finally:
            for loaded in leaving:
                self.entered.pop(loaded.name, None)
                self._erase(loaded)

    async def _cancel(self, tasks: set[asyncio.Task[LoadedPlugin]]) -> frozenset[str]:
        """Cancel starts and wait a moment for them; gives the names of the plugins."""
        unfinished = {task for task in tasks if not task.done()}
        names = frozenset(name for name, task in self._tasks.items() if task in unfinished)
        for task in unfinished:
            task.cancel()
        if unfinished:
            import asyncio

            await asyncio.wait(unfinished, timeout=_PATIENCE)
        return names

    async def _drop(self, name: str, loaded: LoadedPlugin | None) -> None:
        """Leave nothing of a plugin whose initialise was not entered."""
        if loaded is not None:
            loaded.ledger.undo_all()
            self._erase(loaded)
        await self._move(name, Stage.ERROR)

    def _erase(self, loaded: LoadedPlugin) -> None:
        others = (each.traces.packages for each in self.entered.values() if each is not loaded)
        loaded.traces.erase(but=frozenset[str]().union(*others))

    async def _move(self, name: str, stage: Stage) -> None:
        stages = self._host.lifecycle_manager
        await stages.transition_plugin(name, stages.stage_of(name), stage)


async def initialise(loaded: LoadedPlugin) -> None:
    """Let a plugin get ready.

    Raises:
        PluginFailed: it is not.
    """
    ready = await loaded.guard.call_async("initialise", loaded.plugin.initialize, loaded.plugin.context)
    if ready is True or loaded.guard.call("initialise", bool, ready):
        return
    said = "returned None; return True when ready" if ready is None else "returned False, so it is not ready"
    raise PluginFailed(
        f"initialise: {said}",
        plugin=loaded.name,
        step="initialise",
        file=loaded.spec.module_file,
        fix="its log may say more; its author: return True, or raise an error that says what is missing",
    )


def _problem(requirement: Requirement, found: PluginSpec | None, chain: list[str]) -> str:
    """Why a requirement that only the plugin's code told cannot be met; empty if it can."""
    if found is None:
        return f"needs the plugin '{requirement.name}', which was not found"
    if found.name in chain:
        circle = " -> ".join((*chain[chain.index(found.name) :], found.name))
        return f"needs plugins that depend on each other in a circle: {circle}"
    from localagent.host.dependencies import unmet

    return unmet(requirement, found.version)


def _outcome(
    name: str,
    ready: Mapping[str, LoadedPlugin],
    failures: Mapping[str, PluginNotAvailable],
    tasks: Mapping[str, asyncio.Task[LoadedPlugin]],
) -> Outcome:
    if name in ready:
        return ready[name]
    if name in failures:
        return failures[name]
    task = tasks.get(name)
    if task is not None and task.done() and not task.cancelled():
        error = task.exception()
        if isinstance(error, PluginNotAvailable):
            return error
        if error is not None:
            raise error
    return PluginNotAvailable(f"starting the plugin '{name}' was interrupted", plugin=name, fix="try again")


def _because(name: str, needed: str, cause: Outcome) -> PluginNotAvailable:
    """The failure of a plugin whose dependency failed."""
    if isinstance(cause, LoadedPlugin):
        return PluginNotAvailable(f"the plugin '{name}' needs the plugin '{needed}', which was let go", plugin=name)
    return PluginNotAvailable(
        f"the plugin '{name}' needs the plugin '{needed}': {cause.message}",
        plugin=name,
        file=cause.file,
        line=cause.line,
        fix=cause.fix,
    )


def _way_to_loading(stage: Stage) -> tuple[Stage, ...]:
    """The stages to go through; a start that was interrupted left the plugin in the middle."""
    if stage in (Stage.LOADING, Stage.INITIALIZING):
        return (Stage.ERROR, Stage.UNLOADED, Stage.LOADING)
    return (Stage.UNLOADED, Stage.LOADING) if stage is Stage.ERROR else (Stage.LOADING,)
