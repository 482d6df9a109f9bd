"""A plugin's settings as its JSON Schema sees them: where it is, defaults, conversion, violations."""

from __future__ import annotations

import copy
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping, table_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SCHEMA_BESIDE_MODULE = "config_schema.json"
_WORDS_FOR_BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


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
    """Every default a schema gives, from nested objects too, as a fresh dict."""
    default = schema.get("default")
    defaults: dict[str, Any] = copy.deepcopy(default) if is_mapping(default) else {}
    for key, subschema in properties_of(schema).items():
        if not is_mapping(subschema):
            continue
        if "default" in subschema:
            defaults.setdefault(key, copy.deepcopy(subschema["default"]))
        elif nested := defaults_of(subschema):
            defaults.setdefault(key, nested)
    return defaults


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The subschemas of a schema's properties; a subschema may be True or False as well as a mapping."""
    return table_at(schema, "properties")


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


def environment_prefix(plugin: str) -> str:
    """What the environment variables of a plugin's settings begin with."""
    return f"LOCALAGENT_{plugin.upper().replace('-', '_')}_"


def environment_settings(
    plugin: str, environ: Mapping[str, str], *, convert: Callable[[str, str], Any], declared: Iterable[str] = ()
) -> dict[str, Any]:
    """The settings that `environ` gives to `plugin`, each converted by ``convert(key, text)``.

    A key is spelt as in `declared`, the properties of the schema, whatever its case; in lower case where it is not.
    """
    prefix = environment_prefix(plugin)
    spelt = {key.lower(): key for key in declared}
    keys = {name: name.removeprefix(prefix).lower() for name in environ if name.startswith(prefix)}
    named = {spelt.get(key, key): environ[name] for name, key in keys.items() if key}
    return {key: convert(key, text) for key, text in named.items()}


def convert_value(text: str, subschema: Any, *, key: str) -> Any:
    """`text` from the environment as the type that `subschema` asks for; text where it asks for none.

    Of several types the first counts that is not null.

    Raises:
        ConfigError: the text cannot be that type.
    """
    wanted = _type_of(subschema)
    try:
        match wanted:
            case "integer":
                return int(text)
            case "number":
                return _finite(text)
            case "boolean":
                return _WORDS_FOR_BOOLEANS[text.strip().lower()]
            case "array" | "object":
                return _json_of(text, list if wanted == "array" else dict)
            case _:
                return text
    except (ValueError, KeyError, RecursionError) as error:
        expected = {"boolean": "true or false", "array": "a JSON array", "object": "a JSON object"}.get(
            wanted, f"of type {wanted}"
        )
        raise ConfigError(f"the setting '{key}' must be {expected}, not {text!r}") from error


def _type_of(subschema: Any) -> str:
    named = subschema.get("type") if is_mapping(subschema) else None
    names = named if is_list(named) else [named]
    return next((name for name in names if isinstance(name, str) and name != "null"), "string")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _json_of(text: str, wanted: type) -> Any:
    value = json.loads(text)
    if not isinstance(value, wanted):
        raise ValueError(text)  # noqa: TRY004 - the caller turns both kinds of misfit into one ConfigError
    return value


def schema_violations(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What in `settings` breaks `schema`, as ``/json/pointer: message`` lines in document order."""
    if not schema:
        return []
    from jsonschema.validators import Draft202012Validator, validator_for

    validator: Any = validator_for(schema, default=Draft202012Validator)(schema)
    errors: list[Any] = sorted(validator.iter_errors(settings), key=lambda error: list(map(str, error.path)))
    return [f"/{'/'.join(map(str, error.path))}: {error.message}" for error in errors]
