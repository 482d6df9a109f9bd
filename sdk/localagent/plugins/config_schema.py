"""A plugin's settings as its JSON Schema sees them: where that is, the defaults it gives, what breaks it."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from localagent.diagnostics.pattern_cost import slow_pattern
from localagent.diagnostics.subschemas import broken_references, followed
from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping, table_at
from localagent.manifest.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localagent.manifest.composing import KeyPath

_REFERENCE = re.compile(r"(?<!\$)\$\{(?:env|keyring):")
_SCHEMA_BESIDE_MODULE = "config_schema.json"


def read_schema_beside(module_name: str) -> dict[str, Any] | None:
    """The schema of the plugin whose class lives in `module_name`, or None if there is none.

    Raises:
        ConfigError: the file is not a JSON object.
    """
    module_file = getattr(sys.modules.get(module_name), "__file__", None)
    if module_file is None:
        return None
    file = schema_file_for(Path(module_file).parent)
    return read_schema(file) if file else None


def schema_file_for(folder: Path) -> Path | None:
    """The schema file of a plugin in `folder`: the manifest's ``schema_file``, else ``config_schema.json``."""
    from localagent.manifest.model import find_manifest, read_manifest

    manifest_file = find_manifest(folder)
    if manifest_file is not None:
        named = read_manifest(manifest_file).configuration.schema_file
        if named:
            return manifest_file.parent / named
    return schema_beside(folder)


def schema_beside(folder: Path) -> Path | None:
    """The ``config_schema.json`` in `folder`, None if it has none."""
    beside = folder / _SCHEMA_BESIDE_MODULE
    return beside if beside.is_file() else None


def read_schema(file: Path) -> dict[str, Any]:
    """The schema in `file`.

    Raises:
        ConfigError: the file cannot be read or is not a JSON object.
    """
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings schema cannot be read: {error.strerror}", file=file) from error
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
        raise ConfigError(f"the settings schema is not JSON: {error}", file=file, line=line, column=column) from error
    if not is_mapping(schema):
        raise ConfigError("the settings schema must be a JSON object", file=file, line=1, column=1)
    return schema


def defaults_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Every default a schema gives, from nested objects and local references too, as a fresh dict.

    Of an object that has a default itself, the properties which that leaves out get their own.
    """
    return _defaults(followed(schema, schema), schema, frozenset())


def completed(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with the defaults inside of their lists: each item that is a mapping gets those of the items' schema.

    All other defaults lie below the settings as a layer; what stands in a list, no layer can reach.
    """
    found: dict[str, Any] = _completed(copy.deepcopy(dict(settings)), schema, schema)
    return found


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The subschemas of a schema's properties; a subschema may be True or False as well as a mapping."""
    return table_at(followed(schema, schema), "properties")


def subschema_at(schema: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The subschema of the setting that `path` leads to through objects; None if the schema has none."""
    part: Any = schema
    for key in path:
        part = table_at(followed(part, schema), "properties").get(key) if is_mapping(part) else None
    return part


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`, mappings key by key, everything else replaced; neither argument is changed."""
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        present = merged.get(key)
        if is_mapping(present) and isinstance(value, Mapping):
            merged[key] = merge(present, cast("Mapping[str, Any]", value))
        else:
            merged[key] = copy.deepcopy(value)
    return merged


class Violation(NamedTuple):
    """One place where settings break their schema.

    Attributes:
        path: keys and indexes that lead to the value; empty means the settings as a whole.
        message: what is wrong with the value.
    """

    path: KeyPath
    message: str

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer (RFC 6901); ``/`` for the whole."""
        tokens = (str(part).replace("~", "~0").replace("/", "~1") for part in self.path)
        return f"/{'/'.join(tokens)}"

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}"


def violations_of(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All that in `settings` breaks `schema`, in the order of the paths.

    A reference such as ``${env:NAME}`` is not judged, nor what it stands for: that is looked up later.

    Raises:
        ConfigError: the schema itself is not valid, refers to another document, which is never fetched, or has a
            pattern that takes too long to match the settings.
        SystemProblem: the process that such a pattern is matched in could not do its work.
    """
    if not schema:
        return ()
    kind = _kind_of(schema)
    slow = slow_pattern(settings, schema)
    if slow is not None:
        from localagent.plugins.slow_patterns import judged_apart

        return tuple(Violation(*each) for each in judged_apart(settings, schema, slow))
    return _found(settings, schema, kind)


def violations_here(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Violation, ...]:
    """As `violations_of`, in this process however long it takes."""
    return _found(settings, schema, _kind_of(schema))


def _kind_of(schema: Mapping[str, Any]) -> Any:
    """The validator class of a schema.

    Raises:
        ConfigError: the schema is not valid.
    """
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    kind: Any = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.path))
        raise ConfigError(f"the settings schema is not valid at /{where}: {error.message}") from error
    for path, reason in broken_references(schema):
        raise ConfigError(f"the settings schema is not valid at /{'/'.join(map(str, path))}: {reason}")
    return kind


def _found(settings: Mapping[str, Any], schema: Mapping[str, Any], kind: Any) -> tuple[Violation, ...]:
    found: list[Any] = [error for error in kind(schema).iter_errors(settings) if _is_judged(error.instance)]
    told = (violation for error in found for violation in _told(error))
    return tuple(sorted(told, key=_in_order))


def schema_violations(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """As `violations_of`, as ``/json/pointer: message`` lines."""
    return [str(violation) for violation in violations_of(settings, schema)]


def _told(error: Any) -> Iterator[Violation]:
    """What an error of the validator means; each property that may not be there is one of its own."""
    if error.validator != "additionalProperties":
        yield Violation(tuple(error.path), error.message)
        return
    known, patterns = (table_at(error.schema, key) for key in ("properties", "patternProperties"))
    for key in error.instance:
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            meant = did_you_mean(key, known)
            yield Violation((*error.path, key), f"there is no such setting{f', {meant}' if meant else ''}")


def _in_order(violation: Violation) -> list[tuple[bool, str | int]]:
    """By what violations are sorted: indexes as numbers, and never a number against a text."""
    return [(isinstance(part, str), part) for part in violation.path]


def _is_judged(value: Any) -> bool:
    """Whether a value is one of JSON, and no text that stands for another one."""
    if isinstance(value, str):
        return _REFERENCE.search(value) is None
    return value is None or isinstance(value, bool | int | float | list | dict)


def _defaults(part: Mapping[str, Any], schema: Mapping[str, Any], within: frozenset[str]) -> dict[str, Any]:
    """The defaults of one object; `within` are the references on the way to it, as a schema may contain itself."""
    default = part.get("default")
    defaults: dict[str, Any] = copy.deepcopy(default) if is_mapping(default) else {}
    for key, subschema in table_at(part, "properties").items():
        reference = subschema.get("$ref") if is_mapping(subschema) else None
        if reference in within:
            continue
        inner = followed(subschema, schema)
        if not is_mapping(inner):
            continue
        present = defaults.get(key, inner.get("default"))
        nested = _defaults(inner, schema, within | {reference} if isinstance(reference, str) else within)
        if is_mapping(present):
            defaults[key] = merge(nested, present)
        elif key not in defaults and ("default" in inner or nested):
            defaults[key] = copy.deepcopy(inner["default"]) if "default" in inner else nested
    return defaults


def _completed(value: Any, part: Any, schema: Mapping[str, Any]) -> Any:
    part = followed(part, schema)
    if not is_mapping(part):
        return value
    if is_mapping(value):
        properties = table_at(part, "properties")
        return {key: _completed(each, properties.get(key), schema) for key, each in value.items()}
    if is_list(value):
        return [_completed_item(each, part.get("items"), schema) for each in value]
    return value


def _completed_item(item: Any, part: Any, schema: Mapping[str, Any]) -> Any:
    inner = followed(part, schema)
    if is_mapping(item) and is_mapping(inner):
        item = merge(_defaults(inner, schema, frozenset()), item)
    return _completed(item, inner, schema)
