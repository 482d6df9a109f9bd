"""All plugins with their states and commands, as one picture, without importing any of them."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import ConfigError, PluginNotAvailable, SystemProblem
from localagent.host import consent, environments
from localagent.host.builtins import BUILT_IN
from localagent.host.commands import CommandTable, tabulate
from localagent.host.dependencies import STEP, Candidate, Requirement, Resolution, requirement_of, resolve, with_needs
from localagent.host.finding import deciding_files, discovered
from localagent.host.index import IndexFile, file_clock
from localagent.host.journal import journal_files
from localagent.host.quarantine import look_for_deaths
from localagent.host.records import Record, find_record, keep_records, read_records
from localagent.host.spec import CommandHelp, PluginSpec, Source, SourceKind, State
from localagent.host.states import Said, Verdict, choose, failed, judge
from localagent.host.uncollected import uncollected
from localagent.manifest.names import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.errors import LocalAgentError
    from localagent.host.found import Unreadable
    from localagent.host.situation import Situation


class Surveyed(NamedTuple):
    """One plugin: what it is, how it stands, what its preflight learned."""

    spec: PluginSpec
    verdict: Verdict
    record: Record | None = None

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.spec.name

    @property
    def enabled(self) -> bool:
        """Whether the plugin may be loaded."""
        return self.verdict.state is State.ENABLED

    @property
    def is_wanted(self) -> bool:
        """Whether the user wants it to run: it is enabled, or only what it depends on speaks against it."""
        return self.enabled or self.verdict.step == STEP

    @property
    def commands(self) -> tuple[CommandHelp, ...]:
        """Its commands: those observed, else those declared."""
        if self.record is not None and self.record.commands is not None:
            return self.record.commands
        return self.spec.commands

    @property
    def is_unknown(self) -> bool:
        """Whether only a preflight can tell which commands an enabled plugin has."""
        return self.enabled and self.record is None and not self.spec.commands and self.spec.kind in ("command", "")

    @property
    def offers_provider(self) -> bool:
        """Whether it offers a provider, which has its name: as seen, else as declared."""
        if self.record is not None and self.record.failure is None:
            return self.record.is_provider
        return self.spec.kind == "provider"

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What it needs of other plugins, by its manifest and by what was seen of its code."""
        spec, seen = self.spec, self.record.dependencies if self.record is not None else ()
        if not spec.requires and not seen:
            return ()
        return (
            *(requirement_of(text, spec.manifest_file) for text in spec.requires),
            *(requirement_of(text, spec.module_file) for text in seen),
        )

    @property
    def topics(self) -> frozenset[str]:
        """The topics of broadcasts that load it."""
        return frozenset((*self.spec.activation, *(self.record.topics if self.record is not None else ())))

    def require(self) -> PluginSpec:
        """The spec of a plugin that may be loaded.

        Raises:
            PluginNotAvailable: it may not; the error says why and what changes that.
        """
        if self.enabled:
            return self.spec
        verdict = self.verdict
        raise PluginNotAvailable(
            f"the plugin '{self.name}' is {verdict.state.value}: {verdict.reason}",
            plugin=self.name,
            file=verdict.where or None,
            fix=verdict.fix,
        )


class Survey(NamedTuple):
    """The picture.

    Attributes:
        plugins: the one plugin of each name that would be loaded, by name, in order of precedence.
        built_in: the plugins that LocalAgent brings along, but for those whose name an enabled plugin has.
        resolution: which of them can be loaded as far as others are concerned, and in which order.
        shadowed: plugins whose name another one has.
        unreadable: distributions whose entry points cannot be read.
        rests_on: the files and folders whose change would change what was found.
        problem: why the user's configuration cannot be read; then every plugin is off.
        reserved: names of built-in commands.
        since: the file clock, in nanoseconds, when looking began; None where the home cannot be written to.
    """

    plugins: dict[str, Surveyed]
    resolution: Resolution
    shadowed: tuple[Surveyed, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    rests_on: tuple[str, ...] = ()
    problem: LocalAgentError | None = None
    reserved: frozenset[str] = frozenset()
    since: int | None = None
    built_in: Mapping[str, Surveyed] = MappingProxyType({})

    def commands(self) -> CommandTable:
        """The commands of all enabled plugins."""
        offers = ((plugin.name, plugin.commands) for plugin in self.plugins.values() if plugin.enabled)
        return tabulate(offers, reserved=self.reserved)

    def providers(self) -> dict[str, Surveyed]:
        """The plugins that offer a provider of their name, by all that is known without importing them."""
        offering = {name: plugin for name, plugin in self.plugins.items() if plugin.offers_provider}
        return offering | {name: plugin for name, plugin in self.built_in.items() if plugin.spec.kind == "provider"}

    def unknown(self) -> tuple[PluginSpec, ...]:
        """The plugins whose commands only a preflight can tell."""
        return tuple(plugin.spec for plugin in self.plugins.values() if plugin.is_unknown)

    def by_normalised_name(self, name: str) -> Surveyed | None:
        """The plugin that a requirement means."""
        if name in self.plugins:
            return self.plugins[name]
        return next((plugin for plugin in self.plugins.values() if normalised(plugin.name) == name), None)

    def order_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` and of what they need that can be loaded, each after what it needs."""
        concerned = with_needs(names, self.resolution.needs)
        return tuple(name for name in self.resolution.order if name in concerned)

    def loadable(self, name: str) -> PluginSpec:
        """The spec of a plugin that may be loaded.

        Raises:
            PluginNotAvailable: there is none of that name, or it may not.
        """
        return (self.built_in.get(name) or self.find(name)).require()

    def spec_named(self, name: str) -> PluginSpec | None:
        """The spec of the plugin that a requirement means."""
        found = self.by_normalised_name(name)
        return found.spec if found is not None else None

    def topics_of(self, name: str) -> frozenset[str]:
        """The topics that load a plugin."""
        return self.plugins[name].topics if name in self.plugins else frozenset()

    def find(self, name: str, *, distribution: str | None = None) -> Surveyed:
        """The plugin called `name`; with `distribution` the one from there, even if another one shadows it.

        Raises:
            PluginNotAvailable: there is none; the error suggests a near name.
        """
        if distribution is not None:
            for plugin in (*self.plugins.values(), *self.shadowed):
                if (plugin.name, plugin.spec.source.distribution) == (name, distribution):
                    return plugin
        elif name in self.plugins or name in self.built_in:
            return self.plugins.get(name) or self.built_in[name]
        import difflib

        near = difflib.get_close_matches(name, [*self.plugins, *self.built_in], n=1)
        fix = f"did you mean '{near[0]}'?" if near else "'localagent plugins list' shows what was found"
        raise PluginNotAvailable(f"there is no plugin '{name}'", plugin=name, fix=fix)


@uncollected()
def survey(situation: Situation) -> Survey:
    """Find all plugins and judge each; runs no plugin code.

    What was found is kept in the index, and taken from there as long as nothing it rests on has changed.
    """
    # Nothing of a run that sees less than others is kept.
    since = file_clock(str(situation.home.path)) if situation.options.sees_all else None
    environments.enter(situation.home.path)
    problem = situation.settings.problem
    try:
        said = _said(situation)
    except ConfigError as error:
        problem, said = error, Said({}, {}, off_because=_off(error))
    found = discovered(situation)
    named = _named_for_this_run(situation)
    roots = {spec.source.root for spec in named}

    def verdict_of(spec: PluginSpec) -> Verdict:
        # Paths are made when they are asked for: not for each of a thousand plugins where no folder was named.
        return judge_named(spec) if roots and spec.source.root in roots else judge(spec, said)

    winners, shadowed = choose((*named, *found.specs), verdict_of)
    kept = read_records(situation.home)
    plugins, resolution = _resolved(
        {name: _with_record(spec, verdict, find_record(kept, spec)) for name, (spec, verdict) in winners.items()}
    )
    return Survey(
        plugins,
        resolution,
        tuple(Surveyed(spec, verdict) for spec, verdict in shadowed),
        found.unreadable,
        (*found.rests_on, *deciding_files(situation), *_files_of_deaths(situation)),
        problem,
        situation.options.reserved,
        since,
        {
            name: Surveyed(spec, judge(spec, said))
            for name, spec in BUILT_IN.items()
            if name not in plugins or not plugins[name].enabled
        },
    )


def keep_warm(picture: Survey, situation: Situation, parts: Mapping[str, Any], *, beside: Iterable[str] = ()) -> None:
    """Keep what a warm start needs of the picture in the index; not where this run sees less than others would.

    Args:
        picture: what was found.
        situation: what it was found in.
        parts: JSON values by the name of the index file that keeps them.
        beside: more files that they rest on.
    """
    if picture.problem is not None or picture.since is None or not situation.options.sees_all:
        return
    home = situation.home
    rests_on = (*picture.rests_on, *map(str, (home.config_file, home.lock_file, home.records_file)), *beside)
    for part, content in parts.items():
        index = IndexFile(str(home.path), str(situation.current), part, situation.settings.environ)
        index.write(content, rests_on=rests_on, since=picture.since)


def judge_named(spec: PluginSpec) -> Verdict:
    """The state of a plugin that this run names by its folder: naming it is the consent for this run."""
    return failed(spec.flaw, spec.name) if spec.flaw is not None else Verdict(State.ENABLED)


def learn(picture: Survey, situation: Situation) -> Survey:
    """The picture with the commands of plugins that only a preflight can tell; runs none if all are known."""
    return with_records(picture, learned(picture.unknown(), situation))


def learned(specs: Sequence[PluginSpec], situation: Situation) -> dict[PluginSpec, Record]:
    """What a preflight of plugins tells, which is kept; runs none if there are no `specs`."""
    if not specs:
        return {}
    from localagent.host.preflight import preflight

    with situation.options.meeting([spec.name for spec in specs]):
        records = preflight(specs, situation.home, situation.budgets)
    # Where the home cannot be written to, it is learned anew each time.
    with contextlib.suppress(SystemProblem):
        keep_records(situation.home, records)
    return records


def with_records(picture: Survey, records: Mapping[PluginSpec, Record]) -> Survey:
    """The picture as it is once enabled plugins have these records."""
    if not records:
        return picture
    renewed = {spec.name: _with_record(spec, Verdict(State.ENABLED), record) for spec, record in records.items()}
    plugins, resolution = _resolved(picture.plugins | renewed)
    return picture._replace(plugins=plugins, resolution=resolution)


def _resolved(plugins: dict[str, Surveyed]) -> tuple[dict[str, Surveyed], Resolution]:
    """The plugins, those off that others keep from being loaded, and the order in which the rest can be."""
    own = {name: plugin if plugin.verdict.step != STEP else _enabled(plugin) for name, plugin in plugins.items()}
    resolution = resolve(map(_candidate, own.values()))
    if not resolution.problems:
        return own, resolution
    problems = resolution.problems.items()
    off = {name: own[name]._replace(verdict=failed(flaw, name)) for name, flaw in problems}
    return own | off, resolution


def _enabled(plugin: Surveyed) -> Surveyed:
    return plugin._replace(verdict=Verdict(State.ENABLED))


def _candidate(plugin: Surveyed) -> Candidate:
    spec, verdict = plugin.spec, plugin.verdict
    requires = plugin.requirements
    if plugin.enabled:
        return Candidate(spec.name, spec.version, requires)
    return Candidate(spec.name, spec.version, requires, verdict.state.value, verdict.reason, verdict.fix, verdict.where)


def _with_record(spec: PluginSpec, verdict: Verdict, record: Record | None) -> Surveyed:
    if record is not None and record.failure is not None and verdict.state is State.ENABLED:
        return Surveyed(spec, failed(record.failure, spec.name), record)
    return Surveyed(spec, verdict, record)


def _said(situation: Situation) -> Said:
    options, settings = situation.options, situation.settings
    return Said(
        consents=consent.read_consents(situation.home),
        configured=settings.enabled_flags(),
        by_environment=frozenset(settings.environ.get("LOCALAGENT_PLUGINS_ENABLED", "").replace(",", " ").split()),
        development=situation.development.loads_plugins,
        off_because=_off(settings.problem) if settings.problem else _switched_off(situation),
        only=options.only,
        quarantined=look_for_deaths(situation.home),
    )


def _switched_off(situation: Situation) -> tuple[str, str] | None:
    """Why no plugin may run, and what changes that; None where they may."""
    if situation.options.plugins:
        return None
    from localagent.host.situation import SAFE_MODE
    from localagent.services.development import flag

    if flag(situation.settings.environ, SAFE_MODE):
        return f"{SAFE_MODE} is set", f"unset {SAFE_MODE}"
    return "--no-plugins is given", "run without --no-plugins"


def _files_of_deaths(situation: Situation) -> tuple[str, ...]:
    """The files by which it shows that a process died in a plugin's code, and what followed from it."""
    return (*journal_files(situation.home.journal), str(situation.home.quarantine_file))


def _off(problem: LocalAgentError) -> tuple[str, str]:
    return f"the configuration cannot be read ({problem.place})", problem.fix or f"correct {problem.place}"


def _named_for_this_run(situation: Situation) -> tuple[PluginSpec, ...]:
    """The plugins of the folders and files that this run was given."""
    return tuple(spec for path in situation.options.extra for spec in _identify(path.resolve()))


def _identify(path: Path) -> list[PluginSpec]:
    from localagent.host.identity import identify_file, identify_folder

    source = Source(SourceKind.DEVELOPMENT, path)
    return identify_file(path, source) if path.is_file() else identify_folder(path, source)
