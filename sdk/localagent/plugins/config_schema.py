"""A plugin's settings as its JSON Schema sees them: where it is, defaults, conversion, violations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.manifest.plain import is_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    except ValueError as error:
        line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
        raise ConfigError(f"the settings schema is not JSON: {error}", file=file, line=line, column=column) from error
    if not is_mapping(schema):
        raise ConfigError("the settings schema must be a JSON object", file=file, line=1, column=1)
    return schema


def defaults_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Every default a schema gives, from nested objects too, as a fresh dict."""
    import copy

    defaults: dict[str, Any] = copy.deepcopy(dict(schema.get("default", {})))
    for key, subschema in schema.get("properties", {}).items():
        if not is_mapping(subschema):
            continue
        if "default" in subschema:
            defaults.setdefault(key, copy.deepcopy(subschema["default"]))
        elif nested := defaults_of(subschema):
            defaults.setdefault(key, nested)
    return defaults


def environment_prefix(plugin: str) -> str:
    """What the environment variables of a plugin's settings begin with."""
    return f"LOCALAGENT_{plugin.upper().replace('-', '_')}_"


def environment_settings(
    plugin: str, environ: Mapping[str, str], *, convert: Callable[[str, str], Any]
) -> dict[str, Any]:
    """The settings that `environ` gives to `plugin`, each converted by ``convert(key, text)``."""
    prefix = environment_prefix(plugin)
    keys = {name: name.removeprefix(prefix).lower() for name in environ if name.startswith(prefix)}
    return {key: convert(key, environ[name]) for name, key in keys.items() if key}


def convert_value(text: str, subschema: Mapping[str, Any], *, key: str) -> Any:
    """`text` from the environment as the type that `subschema` asks for; text where it asks for none.

    Raises:
        ConfigError: the text cannot be that type.
    """
    wanted = subschema.get("type", "string")
    try:
        match wanted:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return _WORDS_FOR_BOOLEANS[text.strip().lower()]
            case "array" | "object":
                return _json_of(text, list if wanted == "array" else dict)
            case _:
                return text
    except (ValueError, KeyError) as error:
        expected = {"boolean": "true or false", "array": "a JSON array", "object": "a JSON object"}.get(
            wanted, f"of type {wanted}"
        )
        raise ConfigError(f"the setting '{key}' must be {expected}, not {text!r}") from error


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
