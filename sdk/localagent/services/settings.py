"""The user's settings: for each plugin the last ones that were valid, read anew whenever its files change."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import ConfigError, LocalAgentError, ManifestError
from localagent.manifest.plain import is_mapping
from localagent.plugins.environment import environment_prefix
from localagent.plugins.snapshot import Snapshot
from localagent.services.layers import Layer, Layered, merge_layers
from localagent.services.reading import Finding, Reading, read_layers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localagent.manifest.document import Document
    from localagent.services.given import Given
    from localagent.services.home import Home

_SECTIONS = "'plugins' must be a mapping of plugin names to {enabled: true or false, config: {...}}"


class Judgement(NamedTuple):
    """What is in force while the files of a plugin's settings have a certain content.

    Attributes:
        contents: of ``config.yaml`` and ``NAME.yaml``, or why one cannot be read; None where there is no such file.
        snapshot: the settings in force; None if no valid ones were ever read.
        problem: why the present content does not count; None if it does.
        reading: what all sources said; None if one could not be read.
        findings: all that is wrong with it.
    """

    contents: tuple[bytes | str | None, ...]
    snapshot: Snapshot | None
    problem: LocalAgentError | None = None
    reading: Reading | None = None
    findings: tuple[Finding, ...] = ()


class Settings:
    """What the user set. References such as ``${env:NAME}`` stay as they are written.

    Attributes:
        has_environment: that merged settings hold what the environment gives, so that nobody need look there again.
        user: the content of ``config.yaml`` at the start; empty when it could not be read.
        problem: why ``config.yaml`` could not be read. Then plugins stay off and only management commands work.
        plugin_names: gives the names of all plugins there are; a variable belongs to the one with the longest name
            that fits. Asked only where there is a variable in question.
    """

    has_environment = True

    def __init__(self, home: Home, environ: Mapping[str, str] | None = None, *, given: Sequence[Given] = ()) -> None:
        self.home = home
        self.environ = dict(os.environ if environ is None else environ)
        self.user: dict[str, Any] = {}
        self.problem: LocalAgentError | None = None
        self.plugin_names: Callable[[], Iterable[str]] = self.known_plugins
        self._given = tuple(given)
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._documents: dict[Path, tuple[bytes, Document]] = {}
        self._judged: dict[str, Judgement] = {}
        try:
            self.user = self._read(home.config_file)
            self._check_sections()
        except (ConfigError, ManifestError) as problem:
            self.problem = problem
            self.user = {}

    @property
    def plugins(self) -> Mapping[str, dict[str, Any]]:
        """By plugin name ``{"enabled": bool, "config": merged settings}``; every look gives a fresh plain dict.

        Once a plugin had valid settings, it has the last valid ones.
        """
        return PluginSections(self)

    def enabled_flags(self) -> dict[str, bool]:
        """``plugins.NAME.enabled`` of each plugin that has it."""
        return {name: section["enabled"] for name, section in self._sections.items() if "enabled" in section}

    def declare_schema(self, plugin: str, schema: Mapping[str, Any] | None) -> None:
        """Let `schema` give the defaults of a plugin's settings, convert its environment variables and judge it all."""
        self._schemas[plugin] = schema or {}
        self._judged.pop(plugin, None)

    def beside(self) -> Settings:
        """Settings over the same files that can be given other schemas without these being touched."""
        other = copy.copy(self)
        vars(other).update(_schemas=self._schemas.copy(), _judged=self._judged.copy())
        return other

    def take(self, plugin: str, settings: Settings) -> None:
        """Let the schema that `settings` have for a plugin, and what is in force there, hold here."""
        self._schemas[plugin] = settings.schema_of(plugin)
        self._judged[plugin] = settings.judge(plugin)

    def schema_of(self, plugin: str) -> Mapping[str, Any]:
        """The schema declared for a plugin; empty if there is none."""
        return self._schemas.get(plugin, {})

    def known_plugins(self) -> frozenset[str]:
        """Plugins that have a section or a schema."""
        return frozenset(self._schemas) | frozenset(self._sections)

    def files_of(self, plugin: str) -> tuple[Path, Path]:
        """The files that a plugin's settings are read from, the lower first."""
        return self.home.config_file, self.home.settings_file(plugin)

    def read(self, plugin: str) -> Reading:
        """What all sources say now, valid or not.

        Raises:
            ConfigError: the plugin's section of ``config.yaml`` is none.
            ManifestError: a file cannot be read.
        """
        schema = self.schema_of(plugin)
        files = (self._section(("plugins", plugin, "config"), plugin), self._own_layer(plugin))
        given = [each for each in self._given if each.plugin == plugin]
        return read_layers(plugin, schema, files, self._environment_of(plugin), given)

    def read_section(self, path: tuple[str, ...], schema: Mapping[str, Any], *, plugin: str) -> Reading:
        """What all sources say now of settings that stand at `path` in ``config.yaml``, valid or not.

        Environment and command line name them as they name the settings of `plugin`.

        Raises:
            ConfigError: something on the way to `path` is no mapping.
            ManifestError: the file cannot be read.
        """
        given = [each for each in self._given if each.plugin == plugin]
        return read_layers(plugin, schema, (self._section(path, plugin),), self._environment_of(plugin), given)

    def whole(self) -> Layered:
        """All of ``config.yaml``, each value with its place; empty where it could not be read."""
        document = None if self.problem is not None else self._document(self.home.config_file)
        return merge_layers([Layer(self.user, document)])

    def merged(self, plugin: str) -> dict[str, Any]:
        """What all sources say now, as a plain dict that its schema need not agree with.

        Raises:
            ConfigError: a variable cannot be understood, or as `read`.
            ManifestError: as `read`.
        """
        reading = self.read(plugin)
        reading.require(reading.misfits)
        return reading.layered.values

    def judge(self, plugin: str) -> Judgement:
        """The settings in force, after a look at the files: what is valid there replaces what was in force before."""
        contents = tuple(map(_content, self.files_of(plugin)))
        known = self._judged.get(plugin)
        if known is None or known.contents != contents:
            known = self._judged[plugin] = self._judge(plugin, contents, known.snapshot if known else None)
        return known

    def keep(self, plugin: str, snapshot: Snapshot, *, instead_of: Judgement | None = None) -> None:
        """Let `snapshot` be in force as long as the files say what `instead_of` found, by default what they say now."""
        contents = tuple(map(_content, self.files_of(plugin))) if instead_of is None else instead_of.contents
        self._judged[plugin] = Judgement(contents, snapshot)

    def snapshot(self, plugin: str) -> Snapshot:
        """The settings in force, as `judge` finds them.

        Raises:
            ConfigError: there never were valid ones; the message has all that is wrong.
            ManifestError: as `read`.
        """
        judgement = self.judge(plugin)
        if judgement.snapshot is None and judgement.problem is not None:
            raise judgement.problem
        return Snapshot({}) if judgement.snapshot is None else judgement.snapshot

    def in_force(self, plugin: str) -> dict[str, Any]:
        """The settings in force, or what all sources say now if the plugin was never judged; as a fresh plain dict.

        Raises:
            ConfigError: as `merged`.
            ManifestError: as `read`.
        """
        judged = self.judge(plugin).snapshot if plugin in self._judged else None
        return self.merged(plugin) if judged is None else judged.plain()

    def _judge(self, plugin: str, contents: tuple[bytes | str | None, ...], before: Snapshot | None) -> Judgement:
        reading = None
        findings: tuple[Finding, ...] = ()
        try:
            reading = self.read(plugin)
            findings = reading.findings()
            reading.require(findings)
        except (ConfigError, ManifestError) as problem:
            return Judgement(contents, before, problem, reading, findings)
        return Judgement(contents, Snapshot(reading.layered.values, before=before), reading=reading)

    def _section(self, path: tuple[str, ...], plugin: str) -> Layer:
        """What ``config.yaml`` says now at `path`; nothing where it was not understood from the start."""
        document = None if self.problem is not None else self._document(self.home.config_file)
        if document is None:
            return Layer({})
        for end in range(1, len(path) + 1):
            if not is_mapping(_filled(document.at(path[:end]))):
                raise _no_mapping(document, path[:end], plugin)
        return Layer(_filled(document.at(path)), document, path)

    def _own_layer(self, plugin: str) -> Layer:
        document = self._document(self.home.settings_file(plugin))
        return Layer({}) if document is None else Layer(document.data, document)

    def _environment_of(self, plugin: str) -> dict[str, str]:
        """The variables that begin as the plugin's do and belong to no plugin with a longer name.

        ``LOCALAGENT_FOO_BAR_X`` belongs to the plugin foo-bar, not to foo, where both exist.
        """
        prefix = environment_prefix(plugin)
        own = {name: text for name, text in self.environ.items() if name.startswith(prefix)}
        if not own:
            return own
        others = map(environment_prefix, {*self.plugin_names(), *self._schemas})
        longer = tuple(other for other in others if other.startswith(prefix) and len(other) > len(prefix))
        return {name: text for name, text in own.items() if not name.startswith(longer)}

    @property
    def _sections(self) -> dict[str, dict[str, Any]]:
        """What `user` says of each plugin; a section left blank is an empty one."""
        sections: dict[str, Any] = self.user.get("plugins") or {}
        return {name: section or {} for name, section in sections.items()}

    def _read(self, file: Path) -> dict[str, Any]:
        document = self._document(file)
        return {} if document is None else document.data

    def _document(self, file: Path) -> Document | None:
        """The document in a file, parsed again only where its content changed; None where there is no such file."""
        if not file.exists():
            return None
        from localagent.manifest.decoding import read_bytes
        from localagent.manifest.document import parse_document

        content = read_bytes(file)
        present = self._documents.get(file)
        if present is None or present[0] != content:
            present = self._documents[file] = (content, parse_document(content, file, may_be_empty=True))
        return present[1]

    def _check_sections(self) -> None:
        plugins = _filled(self.user.get("plugins"))
        if not is_mapping(plugins) or not all(map(_is_section, plugins.values())):
            raise ConfigError(
                _SECTIONS,
                file=self.home.config_file,
                fix="correct the file; 'localagent config path' prints where it is",
            )


class PluginSections(Mapping[str, dict[str, Any]]):
    """A view that gives a fresh dict on each look, so that no plugin can change what another one sees.

    Args:
        settings: what is looked at.
        resolve: ``resolve(name, settings)`` gives a plugin's settings as who looks may see them.
    """

    def __init__(
        self, settings: Settings, resolve: Callable[[str, dict[str, Any]], dict[str, Any]] | None = None
    ) -> None:
        self._settings = settings
        self._resolve = resolve or _as_they_are

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._settings.known_plugins():
            raise KeyError(name)
        config = self._resolve(name, self._settings.in_force(name))
        return {"enabled": self._settings.enabled_flags().get(name, True), "config": config}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._settings.known_plugins()))

    def __len__(self) -> int:
        return len(self._settings.known_plugins())


def _is_section(value: Any) -> bool:
    section = _filled(value)
    return (
        is_mapping(section)
        and is_mapping(_filled(section.get("config")))
        and isinstance(section.get("enabled", True), bool)
    )


def _no_mapping(document: Document, path: tuple[str, ...], plugin: str) -> ConfigError:
    place = document.where(path)
    return ConfigError(
        f"'{'.'.join(path)}' must be a mapping, not {document.at(path)!r}",
        plugin=plugin,
        file=place.file,
        line=place.line,
        column=place.column,
        fix="correct the file; 'localagent config path' prints where it is",
    )


def _filled(value: Any) -> Any:
    """`value`, or an empty mapping where it was left blank."""
    return {} if value is None else value


def _as_they_are(_plugin: str, settings: dict[str, Any]) -> dict[str, Any]:
    return settings


def _content(file: Path) -> bytes | str | None:
    """What a file holds, or why it cannot be read; None where there is none."""
    if not file.exists():
        return None
    from localagent.manifest.decoding import read_bytes

    try:
        return read_bytes(file)
    except ManifestError as error:
        return error.message


def read_mapping(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty where there is no such file or nothing in it.

    Raises:
        ManifestError: it cannot be read, is no strict YAML, or holds something else than a mapping or nothing at all.
    """
    if not file.exists():
        return {}
    from localagent.manifest.document import read_document

    return read_document(file, may_be_empty=True).data
