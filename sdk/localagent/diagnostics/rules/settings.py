"""Rules LA4: the schema of the plugin's settings is one, and fits itself and the manifest."""

from __future__ import annotations

from typing import Any

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.pattern_cost import slow_pattern
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.settings_schema import SettingsSchema, settings_schema_of
from localagent.diagnostics.subschemas import broken_references, has_own_addresses, subschemas
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import called, did_you_mean, dotted, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project


def not_json(project: Project) -> Iterator[Finding]:
    """The place where the JSON parser stopped."""
    schema = settings_schema_of(project)
    if schema and (problem := schema.problem):
        where = Place(schema.file, problem.line, problem.column)
        yield Finding(problem.message, where, problem.fix or "correct the file")


def not_a_schema(project: Project) -> Iterator[Finding]:
    """What the schema's own metaschema does not allow."""
    schema = _parsed(project)
    if schema:
        yield from _breaches(schema)


def broken_links(project: Project) -> Iterator[Finding]:
    """References that lead out of the schema, nowhere or in a circle."""
    schema = _parsed(project)
    if schema and is_mapping(schema.value):
        for path, reason in broken_references(schema.value):
            message = f"the reference at '{dotted(path)}' cannot be followed: {reason}"
            yield Finding(message, schema.where(path), 'refer to a part of this file, such as "#/$defs/name"')


def bad_defaults(project: Project) -> Iterator[Finding]:
    """Defaults that their own subschema refuses."""
    schema = _parsed(project)
    if schema is None or any(_breaches(schema)) or any(broken_references(schema.value)):
        return
    if has_own_addresses(schema.value):
        return
    validator = _family(schema.value)(schema.value)
    for path, subschema in subschemas(schema.value):
        # Of a pattern that may take for ever LA407 tells; to wait for it here would help nobody.
        if "default" in subschema and slow_pattern({"default": subschema["default"]}, subschema) is None:
            reason = _refusal(validator, subschema)
            if reason:
                message = f"the default of '{dotted(path)}' does not fit: {reason}"
                yield Finding(message, schema.where((*path, "default")), "correct the default or what it must fit")


def unknown_settings(project: Project) -> Iterator[Finding]:
    """Settings of the manifest that the schema does not describe."""
    schema = _parsed(project)
    known = schema.value.get("properties") if schema and is_mapping(schema.value) else None
    if not is_mapping(known):
        return
    for section in ("required_settings", "optional_settings"):
        for path, name in project.texts("configuration", section):
            if name.partition(".")[0] not in known:
                message = f"the setting '{shown(name)}' is not described in the settings' schema"
                fix = "add it to the schema's properties, or correct its name"
                edit = replacing(name, nearest(name, known))
                yield Finding(message, project.where(*path), fix, hint=did_you_mean(name, known), edit=edit)


def _parsed(project: Project) -> SettingsSchema | None:
    schema = settings_schema_of(project)
    return schema if schema and schema.problem is None else None


def _breaches(schema: SettingsSchema) -> Iterator[Finding]:
    if not is_mapping(schema.value):
        message = f"the settings' schema must be a mapping, but it is {called(schema.value)}"
        yield Finding(message, schema.where(()), 'write, at the least, {"type": "object", "properties": {}}')
        return
    family = _family(schema.value)
    try:
        meta = family(family.META_SCHEMA, format_checker=family.FORMAT_CHECKER)
        errors = sorted(meta.iter_errors(schema.value), key=lambda error: [str(part) for part in error.absolute_path])
    except (RecursionError, OverflowError):
        yield Finding("the settings' schema is nested too deeply", schema.where(()), "nest it less deeply")
        return
    for error in errors:
        path = tuple(error.absolute_path)
        message = f"not a JSON Schema at '{dotted(path) or 'the top'}': {shown(error.message, limit=160)}"
        yield Finding(message, schema.where(path), "correct the keyword's value")


def _family(schema: dict[str, Any]) -> Any:
    """The validator class for the dialect the schema names, JSON Schema 2020-12 if it names none that is known."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    try:
        return validator_for(schema, default=Draft202012Validator)
    except (TypeError, ValueError, AttributeError):
        # A dialect that is no address at all; the metaschema's own check of "$schema" reports it.
        return Draft202012Validator


def _refusal(validator: Any, subschema: dict[str, Any]) -> str | None:
    """Why the subschema refuses its default; None if it does not."""
    try:
        error = next(validator.descend(subschema["default"], subschema), None)
    except RecursionError:
        return "its schema refers to itself without end"
    return shown(error.message, limit=160) if error else None


RULES = (
    Rule(
        "LA401",
        "The settings' schema is JSON",
        not_json,
        tier=Tier.BRONZE,
        explanation="The schema is read by the host, editors and tests, all of which take plain JSON only.",
        bad='{"type": "object",}\n',
        good='{"type": "object"}\n',
    ),
    Rule(
        "LA402",
        "The settings' schema is a JSON Schema",
        not_a_schema,
        tier=Tier.BRONZE,
        explanation=(
            "It is checked against the metaschema of the dialect that '$schema' names, JSON Schema 2020-12 if it names "
            "none."
        ),
        bad='{"type": "mapping"}\n',
        good='{"type": "object"}\n',
    ),
    Rule(
        "LA403",
        "Defaults fit their own schema",
        bad_defaults,
        tier=Tier.BRONZE,
        explanation="A default that does not hold would make every fresh installation fail.",
        bad='{"properties": {"depth": {"type": "integer", "default": "3"}}}\n',
        good='{"properties": {"depth": {"type": "integer", "default": 3}}}\n',
    ),
    Rule(
        "LA404",
        "Listed settings are in the schema",
        unknown_settings,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="A setting that the schema does not describe is neither converted nor checked.",
        bad="configuration: {optional_settings: [dept]}\n",
        good="configuration: {optional_settings: [depth]}\n",
    ),
    Rule(
        "LA405",
        "References stay within the settings' schema",
        broken_links,
        tier=Tier.BRONZE,
        explanation=(
            "The schema is used where there is no network, and what it refers to must not change behind it. Nothing is "
            "ever fetched."
        ),
        bad='{"$ref": "https://example.org/schema.json"}\n',
        good='{"$ref": "#/$defs/settings", "$defs": {"settings": {"type": "object"}}}\n',
    ),
)
