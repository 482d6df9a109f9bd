"""All plugins with their states and commands, as one picture, without importing any of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, PluginNotAvailable
from localagent.host import consent, environments
from localagent.host.commands import CommandTable, tabulate
from localagent.host.finding import deciding_files, discovered
from localagent.host.identity import identify_file, identify_folder
from localagent.host.index import IndexFile, file_clock
from localagent.host.records import Record, find_record, keep_records, read_records
from localagent.host.spec import CommandHelp, PluginSpec, Source, SourceKind, State
from localagent.host.states import Said, Verdict, choose, failed, judge

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.errors import LocalAgentError
    from localagent.host.distributions import Unreadable
    from localagent.host.situation import Situation


@dataclass(frozen=True, slots=True)
class Surveyed:
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
    def commands(self) -> tuple[CommandHelp, ...]:
        """Its commands: those observed, else those declared."""
        if self.record is not None and self.record.commands is not None:
            return self.record.commands
        return self.spec.commands

    @property
    def is_unknown(self) -> bool:
        """Whether only a preflight can tell which commands an enabled plugin has."""
        return self.enabled and self.record is None and not self.spec.commands and self.spec.kind in ("command", "")

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


@dataclass(frozen=True, slots=True)
class Survey:
    """The picture.

    Attributes:
        plugins: the one plugin of each name that would be loaded, by name, in order of precedence.
        shadowed: plugins whose name another one has.
        unreadable: distributions whose entry points cannot be read.
        rests_on: the files and folders whose change would change what was found.
        problem: why the user's configuration cannot be read; then every plugin is off.
        reserved: names of built-in commands.
    """

    plugins: dict[str, Surveyed]
    shadowed: tuple[Surveyed, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    rests_on: tuple[str, ...] = ()
    problem: LocalAgentError | None = None
    reserved: frozenset[str] = frozenset()

    def commands(self) -> CommandTable:
        """The commands of all enabled plugins."""
        offers = ((plugin.name, plugin.commands) for plugin in self.plugins.values() if plugin.enabled)
        return tabulate(offers, reserved=self.reserved)

    def find(self, name: str, *, distribution: str | None = None) -> Surveyed:
        """The plugin called `name`; with `distribution` the one from there, even if another one shadows it.

        Raises:
            PluginNotAvailable: there is none; the error suggests a near name.
        """
        if distribution is not None:
            for plugin in (*self.plugins.values(), *self.shadowed):
                if (plugin.name, plugin.spec.source.distribution) == (name, distribution):
                    return plugin
        elif name in self.plugins:
            return self.plugins[name]
        import difflib

        near = difflib.get_close_matches(name, self.plugins, n=1)
        fix = f"did you mean '{near[0]}'?" if near else "'localagent plugins list' shows what was found"
        raise PluginNotAvailable(f"there is no plugin '{name}'", plugin=name, fix=fix)


def survey(situation: Situation) -> Survey:
    """Find all plugins and judge each; runs no plugin code.

    What was found is kept in the index, and taken from there as long as nothing it rests on has changed.
    """
    _activate_environment(situation)
    problem = situation.settings.problem
    try:
        said = _said(situation)
    except ConfigError as error:
        problem, said = error, Said({}, {}, off_because=_off(error))
    found = discovered(situation)
    named = _named_for_this_run(situation)
    roots = {spec.source.root for spec in named}

    def verdict_of(spec: PluginSpec) -> Verdict:
        return judge_named(spec) if spec.source.root in roots else judge(spec, said)

    winners, shadowed = choose((*named, *found.specs), verdict_of)
    kept = read_records(situation.home)
    return Survey(
        {name: _with_record(spec, verdict, find_record(kept, spec)) for name, (spec, verdict) in winners.items()},
        tuple(Surveyed(spec, verdict) for spec, verdict in shadowed),
        found.unreadable,
        (*found.rests_on, *deciding_files(situation)),
        problem,
        situation.options.reserved,
    )


def keep_hot(picture: Survey, situation: Situation, content: Any) -> None:
    """Keep what a warm start needs of the picture in the hot index; not where this run sees less than others would."""
    options = situation.options
    if picture.problem is not None or not options.plugins or options.only is not None or options.extra:
        return
    home = situation.home
    since = file_clock(str(home.path))
    if since is not None:
        said = (home.config_file, home.lock_file, home.records_file)
        rests_on = (*picture.rests_on, *map(str, said))
        IndexFile(str(home.path), str(situation.current), "hot", situation.settings.environ).write(
            content, rests_on=rests_on, since=since
        )


def judge_named(spec: PluginSpec) -> Verdict:
    """The state of a plugin that this run names by its folder: naming it is the consent for this run."""
    return failed(spec.flaw, spec.name) if spec.flaw is not None else Verdict(State.ENABLED)


def learn(picture: Survey, situation: Situation) -> Survey:
    """The picture with the commands of plugins that only a preflight can tell; runs none if all are known."""
    unknown = [plugin.spec for plugin in picture.plugins.values() if plugin.is_unknown]
    if not unknown:
        return picture
    from localagent.host.preflight import preflight

    records = preflight(unknown, situation.home)
    keep_records(situation.home, records)
    learned = {spec.name: _with_record(spec, Verdict(State.ENABLED), record) for spec, record in records.items()}
    return dataclasses.replace(picture, plugins=picture.plugins | learned)


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
        off_because=_off(settings.problem)
        if settings.problem
        else None
        if options.plugins
        else ("--no-plugins is given", "run without --no-plugins"),
        only=options.only,
    )


def _off(problem: LocalAgentError) -> tuple[str, str]:
    return f"the configuration cannot be read ({problem.place})", problem.fix or f"correct {problem.place}"


def _named_for_this_run(situation: Situation) -> tuple[PluginSpec, ...]:
    """The plugins of the folders and files that this run was given."""
    return tuple(spec for path in situation.options.extra for spec in _identify(path.resolve()))


def _identify(path: Path) -> list[PluginSpec]:
    source = Source(SourceKind.DEVELOPMENT, path)
    return identify_file(path, source) if path.is_file() else identify_folder(path, source)


def _activate_environment(situation: Situation) -> None:
    """Put the plugin environment, if there is one, at the end of the import path."""
    environment = environments.current_environment(situation.home.path)
    if environment is not None:
        environments.activate(environment)
