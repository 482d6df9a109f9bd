"""Find, load, call, unload plugins: the life of each from discovery to cleanup."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import ConfigError, PluginFailed, PluginNotAvailable, PluginNotReady, SystemProblem
from localagent.host import interrupts
from localagent.host.ending import Ending
from localagent.host.host import Host
from localagent.host.loop import entered, runs_here
from localagent.host.shortcut import Shortcut, keep, take
from localagent.host.starting import Starting
from localagent.plugins.stages import PluginLifecycleStage as Stage
from localagent.services.correlation import operation, spoken_by

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.errors import LocalAgentError
    from localagent.host.commands import CommandTable, OwnedCommand
    from localagent.host.context import HostContext
    from localagent.host.loaded import LoadedPlugin
    from localagent.host.records import Record
    from localagent.host.reloading.following import Following
    from localagent.host.reloading.outcome import Reload
    from localagent.host.reloading.reloading import Reloading
    from localagent.host.spec import PluginSpec
    from localagent.host.survey import Survey, Surveyed
    from localagent.plugins.base import Plugin
    from localagent.services.bus import PluginMessageBus


_DRAINED_WITHIN = 1.0
"""Seconds that messages on their way get before the plugins that are to hear them go."""
_DRAINED_AFTER_SIGNAL = 0.1
_NOT_YET = (Stage.LOADING, Stage.INITIALIZING)


class Enabled(NamedTuple):
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
        self._shortcut: Shortcut | None = None
        self._admitted: dict[str, LoadedPlugin] = {}
        self._errors: dict[str, PluginNotAvailable] = {}
        self._reloads: dict[str, Reload] = {}
        self._reloading: Reloading | None = None
        self._following: Following | None = None
        self.host.settings.plugin_names = lambda: self.survey.plugins
        self._ending = Ending(
            self.host.lifecycle_manager, self.host.situation.budgets, self._note_failure, dismiss=self.host.dismiss
        )
        self._starting = Starting(self.host, self._picture, self._ending)
        self.host.load_on_demand(self._activate, self._wake, self._is_initialising)
        self.host.take_providers_from(_ProviderPlugins(self))
        self.host.take_workflow_parts_from(_WorkflowPlugins(self))
        self.host.take_saves_up_by(self.take_up_saves)

    @property
    def survey(self) -> Survey:
        """All plugins with their states; made on first use, renewed by `discover_plugins`."""
        if self._survey is None:
            from localagent.host.survey import survey

            self._survey = survey(self.host.situation)
        return self._survey

    @property
    def configuration_problem(self) -> LocalAgentError | None:
        """Why the user's configuration cannot be read, so that plugins are off; no plugin is looked for."""
        if self._survey is not None:
            return self._survey.problem
        from localagent.host.consent import read_consents

        situation = self.host.situation
        try:
            read_consents(situation.home)
        except ConfigError as error:
            return error
        return situation.settings.problem

    @property
    def discovered_plugins(self) -> Mapping[str, PluginSpec]:
        """What is known of each plugin that was found, by name."""
        return {name: found.spec for name, found in self.survey.plugins.items()}

    @property
    def loaded_plugins(self) -> Mapping[str, Plugin]:
        """The plugins that are ready, by name, in the order they became so."""
        return {name: loaded.plugin for name, loaded in self._starting.ready.items()}

    @property
    def errors(self) -> Mapping[str, PluginNotAvailable]:
        """Why each plugin that was asked for could not be loaded, or failed while it was let go."""
        return dict(self._errors)

    @property
    def reloads(self) -> Mapping[str, Reload]:
        """What became of the last attempt to reload each plugin, by name."""
        return dict(self._reloads)

    @property
    def is_closed(self) -> bool:
        """Whether no plugin is left to let go: none is ready or began to initialise."""
        return not self._starting.entered

    @property
    def abandoned(self) -> tuple[str, ...]:
        """Names of plugins whose cleanup went on although its time was over."""
        return tuple(self._ending.abandoned)

    async def discover_plugins(self) -> Mapping[str, PluginSpec]:
        """Look at all sources anew; runs no plugin code."""
        from localagent.host.survey import survey

        self._survey = survey(self.host.situation)
        self.host.load_on_demand(self._activate, self._wake, self._is_initialising)
        return self.discovered_plugins

    async def load_plugin(self, name: str) -> bool:
        """Make a plugin ready, and first the plugins it depends on.

        Returns:
            False if that is not possible; `errors` then has the reason.
        """
        return name in await self._load([name])

    async def load_all(self) -> tuple[str, ...]:
        """Load every enabled plugin, those that do not need each other side by side; gives the names of the ready."""
        await self._load(sorted(name for name, found in self.survey.plugins.items() if found.is_wanted))
        return tuple(self._starting.ready)

    async def require(self, name: str) -> LoadedPlugin:
        """A plugin that is ready, loaded if need be.

        Raises:
            PluginNotAvailable: it cannot be had; the error names step, cause and fix.
        """
        if self._survey is not None:
            self._notice_edits([name])
        self._know_saves_of([name])
        await self.admission(name)
        outcome = (await self._starting.start([name]))[name]
        if isinstance(outcome, PluginNotAvailable):
            raise outcome
        self._keep_topics(outcome)
        return outcome

    async def admit(self, loaded: LoadedPlugin, context: HostContext) -> None:
        """Make ready a plugin that was constructed and prepared elsewhere; it is let go as any other.

        Raises:
            PluginFailed: its settings are not valid, or it cannot initialise or register.
        """
        self._admitted[loaded.name] = await self._starting.admit(loaded, context)

    async def unload_plugin(self, name: str) -> bool:
        """Let a plugin go, and first the plugins that depend on it; False if it was not loaded.

        Its registrations are undone even if its own cleanup fails; the failure is in `errors`. Loaded again, it is read
        from its files again.
        """
        from localagent.host.dependencies import with_needs
        from localagent.host.reloading.modules import TakenOut

        ready = self._starting.ready
        if name not in ready:
            return False
        dependents = {other: each.needs for other, each in ready.items()}
        leaving = [ready[other] for other in ready if name in with_needs([other], dependents)]
        await self._let_go(leaving)
        in_use = {each.spec.source.root for each in ready.values()}
        if self.host.reads_anew:
            TakenOut(
                each.spec for each in leaving if each.spec.source.is_folder and each.spec.source.root not in in_use
            )
        return True

    async def reload_plugin(self, name: str) -> bool:
        """Take up a plugin's changed code, and so the plugins that need it; loads one that is not loaded.

        The new code is imported and made ready beside the old one. Calls wait meanwhile, and nothing is seen of it
        before all went well; else the old code goes on as if nothing had been.

        Returns:
            False if the old code goes on, or the plugin could not be loaded; `reloads` or `errors` has the reason.
        """
        if name not in self._starting.ready:
            await self.discover_plugins()
            return name in await self._start([name])
        return (await self.reload([name])).is_done

    async def reload(self, names: Iterable[str], *, files: Sequence[Path] | None = None) -> Reload:
        """As `reload_plugin`, for several plugins that are loaded at once: all of them change, or none does.

        Args:
            names: the plugins.
            files: the Python files that changed, if that is known, so that no others are looked at before.

        Returns:
            what became of it. Plugins whose files are gone are unloaded.
        """
        await entered()
        if self._reloading is None:
            from localagent.host.reloading.reloading import Reloading

            self._reloading = Reloading(self.host, _ReadyPlugins(self, self._starting))
        outcome = await self._reloading.reload(names, files)
        self._reloads |= dict.fromkeys(outcome.names, outcome)
        return outcome

    def follow_saves(self) -> None:
        """From now on notice what is saved of plugins, as far as development mode wants that; for hosts that live long.

        With ``hot_reload`` or ``plugins.auto_reload``, `take_up_saves` then takes it up. With ``plugins.auto_reload``
        it is taken up by itself in development folders if this is called where an event loop runs, on that loop.
        """
        development = self.host.situation.development
        if not (development.hot_reload or development.auto_reload):
            return
        if self._following is None:
            from localagent.host.reloading.following import Following

            self._following = Following(self, self.host.situation)
        self._know_saves_of(self._starting.ready)
        if runs_here():
            self._following.begin()

    async def take_up_saves(self) -> tuple[Reload, ...]:
        """Have plugins run what was saved since; call it where nothing of them is half done.

        A save that cannot be used is told once, and what ran before goes on.

        Returns:
            what became of each source folder in which something was saved; nothing where nobody called `follow_saves`.
        """
        if self._following is None:
            return ()
        await entered()
        return await self._following.take_up()

    @property
    def followed_files(self) -> tuple[Path, ...]:
        """The files that count for `take_up_saves`, as they are now."""
        return self._following.files if self._following is not None else ()

    def found_anew(self, names: Iterable[str]) -> Survey:
        """All plugins as they are found now, those of `names` looked at even where the index does not watch them."""
        from localagent.host.survey import survey

        self._forget_edited(names)
        return survey(self.host.situation)

    def know(self, survey: Survey, loaded: Iterable[LoadedPlugin]) -> None:
        """Know what was found, and what these plugins turned out to be."""
        from localagent.host.survey import with_records

        self._survey = with_records(survey, {each.spec: _record_of(each) for each in loaded})
        self._shortcut = None

    async def admission(self, name: str) -> None:
        """Wait while a plugin is reloaded."""
        if self._reloading is not None:
            await self._reloading.gate.admission(name)

    async def close(self) -> None:
        """Let all plugins go, those that depend on others first; also those whose start was interrupted.

        May be called again if it was interrupted itself.
        """
        try:
            if self._following is not None:
                await self._following.close()
            await self._starting.stop()
            if self._reloading is not None:
                await self._reloading.close()
            if self.host.has_message_bus:
                within = _DRAINED_WITHIN if interrupts.pending() is None else _DRAINED_AFTER_SIGNAL
                await self.host.message_bus.drain(within)
        finally:
            await self._let_go(list(self._starting.entered.values()))
            self.host.close_runs()
            self.host.stop_logs()
        if self.host.has_message_bus:
            await self._close_bus(self.host.message_bus)

    async def _close_bus(self, bus: PluginMessageBus) -> None:
        from localagent.host.traffic import keep_traffic

        await bus.close(_DRAINED_AFTER_SIGNAL)
        if not self.host.situation.options.journal:
            return
        # Where the home cannot be written to, nobody can look at it either.
        with contextlib.suppress(SystemProblem):
            keep_traffic(self.host.home, bus.counts)

    def hurry(self) -> None:
        """Leave cleanups that are under way no more than a moment each; a signal handler may call this."""
        self._ending.hurry()

    def enable(self, name: str, *, distribution: str | None = None) -> Enabled:
        """Agree to run a plugin from the source it has now, and learn by a preflight what it is.

        Args:
            name: the plugin.
            distribution: agree to the one from this distribution, even if another one of that name comes first.

        Raises:
            PluginNotAvailable: there is no such plugin, or its folder is not trusted.
        """
        from localagent.host import consent, quarantine
        from localagent.host.preflight import preflight
        from localagent.host.records import Record, keep_records

        self._notice_edits([name])
        found = self.survey.find(name, distribution=distribution)
        if not found.spec.source.trusted:
            found.require()
        consent.enable(self.host.home, found.spec)
        quarantine.lift(self.host.home, name)
        if found.spec.flaw is not None:
            record = Record(failure=found.spec.flaw)
        else:
            with self.host.situation.options.meeting([name]):
                record = preflight([found.spec], self.host.home, self.host.situation.budgets)[found.spec]
            keep_records(self.host.home, {found.spec: record})
        self._survey = None
        return Enabled(found.spec, record)

    def disable(self, name: str) -> PluginSpec:
        """Say that a plugin must not run; it stays where it is.

        Raises:
            PluginNotAvailable: there is no such plugin.
        """
        from localagent.host import consent

        found = self.survey.find(name)
        consent.disable(self.host.home, name)
        self._survey = None
        return found.spec

    def learn_commands(self) -> Survey:
        """The survey with the commands of every enabled plugin, by preflights where nothing else tells."""
        from localagent.host.survey import learn

        self._survey = learn(self.survey, self.host.situation)
        return self._survey

    def shortcut_to(self, word: str) -> Shortcut | None:
        """What an earlier run kept for a command; None where nothing holds any more, or the whole picture is known."""
        if self._survey is not None:
            return None
        if self._shortcut is None or self._shortcut.word != word:
            self._shortcut = take(word, self.host.situation, lambda: self.survey)
        return self._shortcut

    def find_command(self, word: str) -> OwnedCommand | Shortcut | None:
        """Who owns a command and what it is called there; by preflights where nothing else tells."""
        if self._admitted and (admitted := self._commands_of_admitted().find(word)) is not None:
            return admitted
        shortcut = self.shortcut_to(word)
        if shortcut is not None:
            return shortcut
        owned = self.survey.commands().find(word)
        if self._notice_edits([owned.owner] if owned is not None else self.survey.plugins):
            owned = self.survey.commands().find(word)
        owned = owned or self.learn_commands().commands().find(word)
        if owned is not None:
            keep(word, owned, self.survey, self.host.situation)
        return owned

    def _commands_of_admitted(self) -> CommandTable:
        from localagent.host.commands import tabulate

        return tabulate((name, each.registration.commands) for name, each in self._admitted.items())

    def learn_components(self) -> Survey:
        """The survey with the components of every enabled plugin, by preflights of those that were never looked at."""
        from localagent.host.survey import learned, with_records

        self._notice_edits(self.survey.plugins)
        unmet = [plugin.spec for name in self.survey.plugins if (plugin := self._unmet(name)) is not None]
        self._survey = with_records(self.survey, learned(unmet, self.host.situation))
        return self._survey

    @contextlib.contextmanager
    def executing(self, name: str) -> Generator[None]:
        """A plugin's stage while one of its commands runs; nested commands of one plugin count as one."""
        run, stage_of = self.host.loop.run_own, self.host.lifecycle_manager.stage_of
        outermost = stage_of(name) is Stage.READY
        if outermost:
            run(self._move(name, Stage.READY, Stage.EXECUTING))
        try:
            with operation(), spoken_by(self.host.logs.logger_for(name).who):
                yield
        finally:
            if outermost:
                self._forgive(name)
                run(self._move(name, Stage.EXECUTING, Stage.READY))

    def _forgive(self, name: str) -> None:
        """Forget the single death of a plugin one of whose commands has now come to its end, good or bad."""
        if self.host.home.quarantine_file.exists():
            from localagent.host import quarantine

            quarantine.forgive(self.host.home, name)

    def _notice_edits(self, names: Iterable[str]) -> bool:
        """Look anew if a plugin, or one it needs, was edited where it is installed, which the index does not watch.

        Returns:
            whether that was so.
        """
        from localagent.host.survey import survey

        wanted = tuple(names)
        if not self._forget_edited((*self.survey.order_of(wanted), *wanted)):
            return False
        self._survey = survey(self.host.situation)
        return True

    def _forget_edited(self, names: Iterable[str]) -> bool:
        """Have the next look read what was edited where the index does not watch it; whether there is anything."""
        from localagent.host.finding import is_edited
        from localagent.host.index import forget

        plugins = self.survey.plugins
        concerned = set(names) & plugins.keys()
        edited = [plugins[name].spec.source.root for name in concerned if is_edited(plugins[name].spec)]
        if not edited:
            return False
        from localagent.host.memory import Memory

        forget(str(self.host.home.path))
        Memory(str(self.host.home.path)).forget(edited)
        return True

    async def _load(self, names: Sequence[str]) -> frozenset[str]:
        """Load plugins, after a preflight of those that were never looked at; gives the names of those that are ready.

        So an exit, a crash or a hang at import does not reach this process.
        """
        from localagent.host.dependencies import with_needs

        self._notice_edits(names)
        self._know_saves_of(names)
        concerned = with_needs(names, self.survey.resolution.needs)
        unknown = [plugin.spec for name in sorted(concerned) if (plugin := self._unmet(name)) is not None]
        if unknown:
            await self._look_at(unknown)
        return await self._start(names)

    def _know_saves_of(self, names: Iterable[str]) -> None:
        """Have the saves of plugins, and of those that they need, count from before their code is read."""
        if self._following is None:
            return
        from localagent.host.dependencies import with_needs

        found = self.survey.plugins
        concerned = with_needs(names, self.survey.resolution.needs)
        self._following.know(found[name].spec for name in sorted(concerned) if name in found)

    async def _look_at(self, specs: Sequence[PluginSpec]) -> None:
        """Preflight plugins while the event loop goes on."""
        import asyncio

        from localagent.host.preflight import Preflight
        from localagent.host.records import keep_records
        from localagent.host.survey import with_records

        await entered()
        run = Preflight(specs, self.host.home, self.host.situation.budgets)
        try:
            with self.host.situation.options.meeting([spec.name for spec in specs]):
                records = await asyncio.to_thread(run.records)
        finally:
            run.stop()
        # Where the home cannot be written to, it is learned anew each time.
        with contextlib.suppress(SystemProblem):
            keep_records(self.host.home, records)
        self._survey = with_records(self.survey, records)

    async def _start(self, names: Sequence[str]) -> frozenset[str]:
        outcomes = await self._starting.start(names)
        for name, outcome in outcomes.items():
            if isinstance(outcome, PluginNotAvailable):
                self._errors[name] = outcome
            else:
                self._errors.pop(name, None)
                self._keep_topics(outcome)
        return frozenset(outcomes) & self._starting.ready.keys()

    def _unmet(self, name: str) -> Surveyed | None:
        """A plugin that may be loaded and was never looked at."""
        plugin = self.survey.plugins.get(name)
        is_unmet = plugin is not None and plugin.enabled and plugin.record is None and name not in self._starting.ready
        return plugin if is_unmet else None

    async def _let_go(self, leaving: Sequence[LoadedPlugin]) -> None:
        """Clean up plugins that were entered; they count as gone from the start, so that nobody begins to use them."""
        for each in leaving:
            self._starting.ready.pop(each.name, None)
            self._admitted.pop(each.name, None)
        try:
            await self._let_go_of_providers(leaving)
        finally:
            await self._let_go_of_plugins(leaving)

    async def _let_go_of_plugins(self, leaving: Sequence[LoadedPlugin]) -> None:
        try:
            await self._ending.let_go(leaving)
        finally:
            for each in leaving:
                if each.is_cleaned_up:
                    self._starting.entered.pop(each.name, None)

    async def _let_go_of_providers(self, leaving: Sequence[LoadedPlugin]) -> None:
        """Clean up what is made of the plugins' classes while the plugins themselves are still there."""
        if not self.host.has_provider_manager:
            return
        budgets = self.host.situation.budgets
        seconds = budgets.cleanup if interrupts.pending() is None else budgets.cleanup_after_signal
        await self.host.provider_manager.let_go([each.name for each in leaving], within=seconds / 2)

    async def _activate(self, topic: str) -> None:
        """Load the enabled plugins that declare a topic, or were seen with it, before it is broadcast."""
        if self._reloading is not None:
            await self._reloading.gate.admission_of(topic)
        plugins = self.survey.plugins.values()
        names = [plugin.name for plugin in plugins if plugin.enabled and _hears(plugin, topic)]
        await self._load([name for name in sorted(names) if self._is_dormant(name)])

    async def _wake(self, recipient: str) -> None:
        """Load an enabled plugin that is sent a message.

        Raises:
            PluginNotAvailable: there is no such plugin, or it cannot be loaded.
            PluginNotReady: it is initialising, and may wait for the caller, who does so too.
        """
        if self._starting.is_starting(recipient):
            raise PluginNotReady(f"'{recipient}' is still initialising", plugin=recipient)
        await self.admission(recipient)
        if not self._is_dormant(recipient):
            return
        self.survey.find(recipient).require()
        await self._load([recipient])
        if recipient in self._errors:
            raise self._errors[recipient]

    def _is_dormant(self, name: str) -> bool:
        """Whether a message should load this plugin; one that failed is not tried again and again."""
        if self.host.lifecycle_manager.stage_of(name) is Stage.CLEANING_UP:
            return False
        return not (name in self._starting.ready or name in self._errors or self._starting.is_starting(name))

    def _is_initialising(self, name: str) -> bool:
        """Whether a message for this plugin should wait until it is ready, or its changed code is."""
        if self._reloading is not None and self._reloading.gate.holds(name):
            return True
        return self.host.lifecycle_manager.stage_of(name) in _NOT_YET and not self._starting.is_starting(name)

    def _keep_topics(self, loaded: LoadedPlugin) -> None:
        """Remember to which topics a plugin subscribed, so that they can load it next time."""
        seen = _topics_of(loaded)
        if seen <= self._picture().topics_of(loaded.name):
            return
        found = self.survey.plugins.get(loaded.name)
        if found is None:
            return
        from localagent.host.records import keep_records

        record = _record_of(loaded, found.record)
        # Where the home cannot be written to, it is learned anew each time.
        with contextlib.suppress(SystemProblem):
            keep_records(self.host.home, {loaded.spec: record})

    def _picture(self) -> Survey | Shortcut:
        """All plugins if they were looked at, else those of the present command."""
        return self._shortcut if self._survey is None and self._shortcut is not None else self.survey

    def _note_failure(self, failure: PluginFailed) -> None:
        self._errors[failure.plugin or ""] = failure

    async def _move(self, name: str, from_stage: Stage, to_stage: Stage) -> None:
        await self.host.lifecycle_manager.transition_plugin(name, from_stage, to_stage)


class _ReadyPlugins:
    """The plugins of one manager as reloading sees them."""

    def __init__(self, manager: PluginManager, starting: Starting) -> None:
        self._manager = manager
        self._starting = starting

    @property
    def ready(self) -> Mapping[str, LoadedPlugin]:
        return self._starting.ready

    @property
    def survey(self) -> Survey:
        return self._manager.survey

    def look_again(self) -> Survey:
        return self._manager.found_anew(self._starting.ready)

    def adopt(self, lives: Mapping[str, LoadedPlugin], survey: Survey | None = None) -> None:
        for name, life in lives.items():
            # At the end, so that each comes after what it needs by now.
            for table in (self._starting.ready, self._starting.entered):
                table.pop(name, None)
                table[name] = life
        if survey is not None:
            self._manager.know(survey, lives.values())

    async def require(self, name: str) -> LoadedPlugin:
        return await self._manager.require(name)

    async def let_go(self, names: Collection[str]) -> tuple[str, ...]:
        before = tuple(self._starting.ready)
        for name in names:
            await self._manager.unload_plugin(name)
        return tuple(name for name in before if name not in self._starting.ready)


class _ProviderPlugins:
    """The plugins of one manager as the source of providers."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager

    def known(self) -> Collection[str]:
        """The names of all plugins that offer a provider."""
        return self._manager.survey.providers().keys()

    async def admit(self, name: str) -> None:
        """Wait while its plugin is reloaded."""
        await self._manager.admission(name)

    async def load(self, name: str) -> None:
        """Load one of them."""
        plugin = self._manager.survey.providers()[name]
        plugin.require()
        if not await self._manager.load_plugin(name):
            raise self._manager.errors[name]


class _WorkflowPlugins:
    """The plugins of one manager as the source of parts of workflows."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager

    async def load(self, names: Collection[str] | None) -> dict[str, str]:
        """Load those that offer one of `names`, or may; gives why some could not be loaded."""
        survey = self._manager.survey
        plugins = {**survey.built_in, **survey.plugins}.values()
        wanted = sorted(plugin.name for plugin in plugins if plugin.enabled and _may_offer_parts(plugin, names))
        loaded = self._manager.loaded_plugins
        for name in wanted:
            if name not in loaded:
                await self._manager.load_plugin(name)
        errors = self._manager.errors
        return {name: errors[name].message for name in wanted if name in errors}


def _may_offer_parts(plugin: Surveyed, names: Collection[str] | None) -> bool:
    """Whether a plugin offers one of `names`, by what was seen of it; who was never looked at may, by its kind."""
    if plugin.record is None:
        return plugin.spec.kind in ("workflow", "")
    return plugin.spec.kind == "workflow" if names is None else not set(names).isdisjoint(plugin.record.parts)


def _hears(plugin: Surveyed, topic: str) -> bool:
    if not plugin.topics:
        return False
    from localagent.services.bus.topics import matches

    return any(matches(pattern, topic) for pattern in plugin.topics)


def _topics_of(loaded: LoadedPlugin) -> set[str]:
    return loaded.context.message_bus.topics if loaded.context is not None else set[str]()


def _record_of(loaded: LoadedPlugin, before: Record | None = None) -> Record:
    """What a plugin turned out to be, over what was known of it."""
    from localagent.host.records import Record

    record = before or Record(dependencies=loaded.dependencies, costs=loaded.meter.costs)
    registered = loaded.registration
    return dataclasses.replace(
        record,
        commands=registered.commands,
        is_provider=registered.is_provider,
        components=registered.components,
        parts=registered.parts,
        topics=tuple(sorted(_topics_of(loaded) | set(record.topics))),
    )
