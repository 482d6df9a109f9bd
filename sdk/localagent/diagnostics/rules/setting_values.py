"""Rules LA406 to LA410: the settings that a schema describes can be understood, set and kept secret."""

from __future__ import annotations

import re
from typing import Any

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.pattern_cost import parsed
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.settings_schema import settings_schema_of
from localagent.diagnostics.subschemas import subschemas
from localagent.manifest.plain import is_mapping
from localagent.manifest.secret_names import is_secret_name
from localagent.manifest.wording import dotted, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.settings_schema import SettingsSchema


def undescribed_settings(project: Project) -> Iterator[Finding]:
    """Settings without a description."""
    schema, properties = _properties(project)
    for name, subschema in properties.items():
        if schema and is_mapping(subschema) and not str(subschema.get("description") or "").strip():
            message = f"the setting '{shown(name)}' is not described"
            yield Finding(message, schema.where(("properties", name)), "add a description: what it does, and its unit")


def explosive_patterns(project: Project) -> Iterator[Finding]:
    """Patterns that take longer than the age of the world on some texts."""
    schema = settings_schema_of(project)
    if schema is None or schema.problem is not None or not is_mapping(schema.value):
        return
    for path, subschema in subschemas(schema.value):
        pattern = subschema.get("pattern")
        if isinstance(pattern, str) and _repeats_a_repetition(pattern):
            message = f"the pattern of '{dotted(path)}' repeats a repetition, so some texts keep it busy for years"
            fix = "write it so that each character can be taken in one way only, such as (?:a|b)+ for (a+|b+)+"
            yield Finding(message, schema.where((*path, "pattern")), fix)


def secret_defaults(project: Project) -> Iterator[Finding]:
    """Secrets that everybody can read in the schema."""
    schema, properties = _properties(project)
    for name, subschema in properties.items():
        default = subschema.get("default") if is_mapping(subschema) else None
        if schema and is_secret_name(name) and isinstance(default, str) and default and "${" not in default:
            message = f"the secret '{shown(name)}' has a default, which everybody can read"
            fix = "leave the default out; users write ${env:NAME} or ${keyring:NAME}"
            yield Finding(message, schema.where(("properties", name, "default")), fix)


def required_with_default(project: Project) -> Iterator[Finding]:
    """Settings that must be set, and are."""
    schema, properties = _properties(project)
    for path, name in project.texts("configuration", "required_settings"):
        subschema = properties.get(name)
        if schema and is_mapping(subschema) and subschema.get("default") is not None:
            message = f"'{shown(name)}' must be set by the user, but the schema gives it a default"
            fix = "remove the default, or list it among optional_settings"
            yield Finding(message, project.where(*path), fix)


def shared_variables(project: Project) -> Iterator[Finding]:
    """Settings whose environment variables would be the same one."""
    schema, properties = _properties(project)
    seen: dict[str, str] = {}
    for name in properties:
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
        if schema and variable in seen:
            message = f"'{shown(name)}' and '{shown(seen[variable])}' would be set by one environment variable"
            yield Finding(message, schema.where(("properties", name)), "rename one of them")
        seen.setdefault(variable, name)


def _properties(project: Project) -> tuple[SettingsSchema | None, dict[str, Any]]:
    """The schema and what it says of each setting; None and nothing where it cannot be read."""
    schema = settings_schema_of(project)
    if schema is None or schema.problem is not None or not is_mapping(schema.value):
        return None, {}
    properties = schema.value.get("properties")
    return schema, properties if is_mapping(properties) else {}


def _repeats_a_repetition(pattern: str) -> bool:
    """Whether a pattern has an unbounded repetition of something that itself has one at its end or beginning."""
    items = parsed(pattern)
    # Which patterns are valid is the metaschema's business.
    return items is not None and _explodes(items, inside=False)


def _explodes(items: Any, *, inside: bool) -> bool:
    return any(_item_explodes(str(operation), argument, inside=inside) for operation, argument in items)


def _item_explodes(operation: str, argument: Any, *, inside: bool) -> bool:
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        _low, high, repeated = argument
        is_open = str(high) == "MAXREPEAT"
        return (is_open and inside) or _explodes(repeated, inside=is_open and _is_lone(repeated))
    if operation == "SUBPATTERN":
        return _explodes(argument[-1], inside=inside)
    if operation == "BRANCH":
        return any(_explodes(branch, inside=inside) for branch in argument[1])
    return False


def _is_lone(items: Any) -> bool:
    """Whether nothing fixed separates one round of a repetition from the next."""
    return not any(str(operation) in ("LITERAL", "NOT_LITERAL", "IN") for operation, _ in _flat(items))


def _flat(items: Any) -> Iterator[tuple[Any, Any]]:
    for operation, argument in items:
        if str(operation) == "SUBPATTERN":
            yield from _flat(argument[-1])
        else:
            yield operation, argument


RULES = (
    Rule(
        "LA406",
        "Settings are described",
        undescribed_settings,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="The description is what a user reads in an editor and in documentation.",
        bad='{"properties": {"depth": {"type": "integer"}}}\n',
        good='{"properties": {"depth": {"type": "integer", "description": "Folders to go down"}}}\n',
    ),
    Rule(
        "LA407",
        "Patterns end in reasonable time",
        explosive_patterns,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="A repetition of a repetition can be split in exponentially many ways, all of which are tried.",
        bad='{"properties": {"name": {"pattern": "^(a+)+$"}}}\n',
        good='{"properties": {"name": {"pattern": "^a+$"}}}\n',
    ),
    Rule(
        "LA408",
        "Secrets have no default",
        secret_defaults,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="A default is published with the plugin. Its name makes a secret: api_key, token, password.",
        bad='{"properties": {"api_key": {"default": "k-123"}}}\n',
        good='{"properties": {"api_key": {"type": "string"}}}\n',
    ),
    Rule(
        "LA409",
        "Required settings have no default",
        required_with_default,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="A setting with a default is always set, so nobody is ever asked for it.",
        bad='{"properties": {"city": {"default": "Paris"}}}  # required_settings: [city]\n',
        good='{"properties": {"city": {"type": "string"}}}  # required_settings: [city]\n',
    ),
    Rule(
        "LA410",
        "Each setting has its own environment variable",
        shared_variables,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Variables are upper-case with underscores, so names that differ in signs alone become one.",
        bad='{"properties": {"max-size": {}, "max_size": {}}}\n',
        good='{"properties": {"max_size": {}}}\n',
    ),
)
