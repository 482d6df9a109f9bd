"""The user's settings: layers of files and environment, merged for each plugin."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, LocalAgentError, ManifestError
from localagent.manifest.plain import is_mapping
from localagent.plugins.config_schema import (
    convert_value,
    defaults_of,
    environment_prefix,
    environment_settings,
    merge,
    properties_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.services.home import Home


class Settings:
    """What the user set, read once.

    Attributes:
        has_environment: that merged settings hold what the environment gives, so that nobody need look there again.
        user: the content of ``config.yaml``; empty when it cannot be read.
        problem: why ``config.yaml`` cannot be read. Then plugins stay off and only management commands work.
    """

    has_environment = True

    def __init__(self, home: Home, environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.environ = dict(os.environ if environ is None else environ)
        self.user: dict[str, Any] = {}
        self.problem: LocalAgentError | None = None
        self._schemas: dict[str, Mapping[str, Any]] = {}
        try:
            self.user = read_mapping(home.config_file)
            self._check_sections()
        except (ConfigError, ManifestError) as problem:
            self.problem = problem
            self.user = {}

    @property
    def plugins(self) -> Mapping[str, dict[str, Any]]:
        """By plugin name ``{"enabled": bool, "config": merged settings}``; every look gives a fresh plain dict."""
        return _PluginSections(self)

    def enabled_flags(self) -> dict[str, bool]:
        """``plugins.NAME.enabled`` of each plugin that has it."""
        return {name: section["enabled"] for name, section in self._sections.items() if "enabled" in section}

    def declare_schema(self, plugin: str, schema: Mapping[str, Any] | None) -> None:
        """Let `schema` give the defaults of a plugin's settings and convert its environment variables."""
        self._schemas[plugin] = schema or {}

    def schema_of(self, plugin: str) -> Mapping[str, Any]:
        """The schema declared for a plugin; empty if there is none."""
        return self._schemas.get(plugin, {})

    def known_plugins(self) -> frozenset[str]:
        """Plugins that have a section or a schema."""
        return frozenset(self._schemas) | frozenset(self._sections)

    def merged(self, plugin: str) -> dict[str, Any]:
        """The settings of one plugin: defaults, then ``config.yaml``, then ``NAME.yaml``, then the environment.

        Raises:
            ConfigError: a file or variable cannot be understood; the error names it.
        """
        schema = self._schemas.get(plugin, {})
        layers: tuple[dict[str, Any], ...] = (
            defaults_of(schema),
            self._sections.get(plugin, {}).get("config") or {},
            read_mapping(self.home.settings_file(plugin)),
            self._from_environment(plugin, schema),
        )
        merged: dict[str, Any] = {}
        for layer in layers:
            merged = merge(merged, layer)
        return merged

    @property
    def _sections(self) -> dict[str, dict[str, Any]]:
        """What `user` says of each plugin; a section left blank is an empty one."""
        sections: dict[str, Any] = self.user.get("plugins") or {}
        return {name: section or {} for name, section in sections.items()}

    def _from_environment(self, plugin: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        prefix = environment_prefix(plugin)
        # LOCALAGENT_FOO_BAR_X belongs to the plugin foo-bar, not to foo, where both exist.
        longer = [
            other
            for other in map(environment_prefix, self._schemas)
            if other.startswith(prefix) and len(other) > len(prefix)
        ]
        own = {name: text for name, text in self.environ.items() if not name.startswith(tuple(longer))}
        properties = properties_of(schema)

        def convert(key: str, text: str) -> Any:
            try:
                return convert_value(text, properties.get(key), key=key)
            except ConfigError as error:
                variable = prefix + key.upper()
                raise ConfigError(
                    f"{variable}: {error.message}", plugin=plugin, fix=f"correct or unset {variable}"
                ) from error

        return environment_settings(plugin, own, convert=convert, declared=properties)

    def _check_sections(self) -> None:
        plugins = _filled(self.user.get("plugins"))
        if not is_mapping(plugins) or not all(map(_is_section, plugins.values())):
            raise ConfigError(
                "'plugins' must be a mapping of plugin names to {enabled: true or false, config: {...}}",
                file=self.home.config_file,
                fix="correct the file; 'localagent config path' prints where it is",
            )


class _PluginSections(Mapping[str, dict[str, Any]]):
    """A view that merges on each look, so that no plugin can change what another one sees."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __getitem__(self, name: str) -> dict[str, Any]:
        if name not in self._settings.known_plugins():
            raise KeyError(name)
        return {"enabled": self._settings.enabled_flags().get(name, True), "config": self._settings.merged(name)}

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


def _filled(value: Any) -> Any:
    """`value`, or an empty mapping where it was left blank."""
    return {} if value is None else value


def read_mapping(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty where there is no such file or nothing in it.

    Raises:
        ManifestError: it cannot be read, is no strict YAML, or holds something else than a mapping or nothing at all.
    """
    if not file.exists():
        return {}
    from localagent.manifest.document import read_document

    return read_document(file, may_be_empty=True).data
