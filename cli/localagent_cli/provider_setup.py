"""Setting a provider up: which settings are given, which are missing, and writing them into ``config.yaml``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, UsageError
from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.wording import did_you_mean
from localagent.plugins.config_schema import merge, properties_of, subschema_at, violations_of
from localagent.plugins.environment import convert_value
from localagent.providers.configuration import DEFAULT, SECTION
from localagent.services.config_file import set_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_SECRET_WORDS = ("key", "token", "secret", "password")


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that is to be written.

    Attributes:
        path: the keys that lead to it in the provider's settings.
        value: its value.
    """

    path: tuple[str, ...]
    value: Any


def read_change(text: str, schema: Mapping[str, Any]) -> Change:
    """What ``KEY=VALUE`` asks for; further dots in the key lead into mappings.

    Raises:
        UsageError: it has another form, or the provider has no such setting.
        ConfigError: the value is none that the setting may have.
    """
    key, equals, value = text.partition("=")
    path = tuple(key.split("."))
    if not equals or not all(path):
        raise UsageError(f"'--set {text}' gives no setting", fix="write it as --set KEY=VALUE")
    known = properties_of(schema)
    if known and path[0] not in known and schema.get("additionalProperties") is False:
        fix = did_you_mean(path[0], known) or f"its settings are {', '.join(known)}"
        raise UsageError(f"there is no setting '{path[0]}'", fix=fix)
    return Change(path, _value(value, subschema_at(schema, path), f"--set {key}", schema))


def missing(schema: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """The settings that `schema` requires and `settings` do not have."""
    required = schema.get("required")
    return [key for key in required if key not in settings] if is_list(required) else []


def describe(key: str, schema: Mapping[str, Any]) -> str:
    """A setting as a question names it."""
    subschema = properties_of(schema).get(key)
    text = subschema.get("description") if is_mapping(subschema) else None
    return f"{key} ({text})" if isinstance(text, str) else key


def is_secret(key: str) -> bool:
    """Whether a setting should not be seen while it is typed."""
    return any(word in key.lower() for word in _SECRET_WORDS)


def with_changes(settings: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The settings as they will be."""
    changed = dict(settings)
    for change in changes:
        nested: Any = change.value
        for key in reversed(change.path):
            nested = {key: nested}
        changed = merge(changed, nested)
    return changed


def require_valid(name: str, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Refuse settings that break their schema.

    Raises:
        ConfigError: they do; the message has all that is wrong.
    """
    found = violations_of(settings, schema)
    if found:
        told = "; ".join(map(str, found))
        fix = f"localagent providers setup {name} --set KEY=VALUE"
        raise ConfigError(f"the settings of the provider '{name}' would not hold: {told}", plugin=name, fix=fix)


def write(file: Path, name: str, changes: Sequence[Change], *, make_section: bool, make_default: bool) -> None:
    """Write settings of a provider into ``config.yaml``, comments kept; without any, an empty section.

    Raises:
        ConfigError: the file holds something else where they belong.
        ManifestError: the file cannot be understood.
        SystemProblem: it cannot be written.
    """
    for change in changes:
        set_value(file, [SECTION, name, *change.path], change.value)
    if not changes and make_section:
        set_value(file, [SECTION, name], {})
    if make_default:
        set_value(file, [SECTION, DEFAULT], name)


def _value(text: str, subschema: Any, subject: str, schema: Mapping[str, Any]) -> Any:
    if subschema is not None:
        return convert_value(text, subschema, subject=subject, schema=schema)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
