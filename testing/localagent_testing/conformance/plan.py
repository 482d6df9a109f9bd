"""What the project says of its conformance: the level it holds itself to, and what its rules are tried with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Tier
from localagent.errors import ConfigError, ManifestError
from localagent.manifest.model import read_manifest
from localagent.manifest.plain import is_list, is_mapping, table_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent.host.spec import PluginSpec

TABLE = "tool.localagent.conformance"
"""The table of ``pyproject.toml`` that is read here."""

_KEYS = ("settings", "provider", "service", "commands", "data", "workflow")
_SERVICES = ("openai-compatible",)
"""The protocols of services that the kit can take the place of."""
_SAMPLE_KEYS = ("task", "config", "context")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a phase, an agent or an orchestrator is tried with.

    Attributes:
        task: what it is to do; empty for the usual one.
        config: its settings.
        context: what a workflow would add to its context.
    """

    task: str = ""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plugin is tried with.

    Attributes:
        level: the tier that the manifest pins; rules above it are left out. None leaves out none.
        settings: the plugin's settings beside its defaults.
        provider: the settings of the provider that it offers.
        service: the protocol of the provider's service, which a server of ours then takes the place of; empty for none.
        commands: command lines that end well and change nothing that matters, as words.
        data: data to draw by component.
        workflow: what parts of workflows are tried with, by their names.
    """

    level: Tier | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    service: str = ""
    commands: tuple[tuple[str, ...], ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    workflow: Mapping[str, Sample] = field(default_factory=dict[str, Sample])


def plan_of(spec: PluginSpec) -> Plan:
    """The plan of a plugin: the manifest has the level, a ``pyproject.toml`` in its source folder the rest.

    Raises:
        ConfigError: ``pyproject.toml`` cannot be read, or its table says something else than a plan.
    """
    table, file = project_table(spec, TABLE), spec.source.root / "pyproject.toml"
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise ConfigError(f"[{TABLE}] has no key '{unknown[0]}'", file=file, fix=f"it takes {', '.join(_KEYS)}")
    settings, provider, data = (_mapping(table, key, file) for key in ("settings", "provider", "data"))
    commands, samples = _commands(table.get("commands", []), file), _samples(table, file)
    return Plan(_level(spec), settings, provider or settings, _service(table, file), commands, data, samples)


def project_table(spec: PluginSpec, name: str) -> Mapping[str, Any]:
    """A table of the ``pyproject.toml`` in a plugin's source folder, such as ``tool.localagent.conformance``.

    Raises:
        ConfigError: the file cannot be read.
    """
    file = spec.source.root / "pyproject.toml"
    if not spec.source.is_folder or not file.is_file():
        return {}
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"it is no TOML: {error}", file=file, fix="correct the file") from error
    table: Mapping[str, Any] = document
    for key in name.split("."):
        table = table_at(table, key)
    return table


def _mapping(table: Mapping[str, Any], key: str, file: Path) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not is_mapping(value):
        raise ConfigError(f"'{key}' in [{TABLE}] must be a table", file=file, fix=f'{key} = {{name = "value"}}')
    return value


def _service(table: Mapping[str, Any], file: Path) -> str:
    service = table.get("service", "")
    if service and service not in _SERVICES:
        message = f"'service' in [{TABLE}] is none that a server of ours could be: {service!r}"
        raise ConfigError(message, file=file, fix=f'service = "{_SERVICES[0]}", or leave it out')
    return str(service)


def _samples(table: Mapping[str, Any], file: Path) -> dict[str, Sample]:
    """What parts of workflows are tried with.

    Raises:
        ConfigError: it is something else than a table for each part.
    """
    told = _mapping(table, "workflow", file)
    samples: dict[str, Sample] = {}
    for part in told:
        sample = _mapping(told, part, file)
        unknown = next((key for key in sample if key not in _SAMPLE_KEYS), None)
        if unknown is not None or not isinstance(sample.get("task", ""), str):
            problem = f"'workflow.{part}' in [{TABLE}] takes a text 'task' and the tables 'config' and 'context'"
            raise ConfigError(problem, file=file, fix=f'workflow.{part} = {{task = "…", config = {{…}}}}')
        config, context = (_mapping(sample, key, file) for key in ("config", "context"))
        samples[part] = Sample(sample.get("task", ""), config, context)
    return samples


def _commands(value: Any, file: Path) -> tuple[tuple[str, ...], ...]:
    if is_list(value) and all(is_list(line) and line and all(isinstance(word, str) for word in line) for line in value):
        return tuple(tuple(map(str, line)) for line in value)
    message = f"'commands' in [{TABLE}] must be a list of command lines"
    raise ConfigError(message, file=file, fix='commands = [["greet", "--who", "Ada"]]')


def _level(spec: PluginSpec) -> Tier | None:
    if spec.manifest_file is None:
        return None
    try:
        pinned = read_manifest(spec.manifest_file).testing.conformance
    except ManifestError:  # the rule of loading tells
        return None
    return Tier(pinned) if pinned else None
