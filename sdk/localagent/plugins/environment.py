"""Settings from environment variables: which variables are a plugin's, and what their text means by its schema."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.diagnostics.subschemas import followed
from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_ALTERNATIVES = ("anyOf", "oneOf")


def environment_prefix(plugin: str) -> str:
    """What the environment variables of a plugin's settings begin with."""
    return f"LOCALAGENT_{plugin.upper().replace('-', '_')}_"


def environment_variables(plugin: str, environ: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, str]:
    """By variable of `plugin` in `environ` the key of the setting it stands for.

    A key is spelt as in `declared`, the properties of the schema, whatever its case; in lower case where it is not.
    """
    prefix = environment_prefix(plugin)
    spelt = {key.lower(): key for key in declared}
    keys = {name: name.removeprefix(prefix).lower() for name in environ if name.startswith(prefix)}
    return {name: spelt.get(key, key) for name, key in keys.items() if key}


def environment_settings(
    plugin: str, environ: Mapping[str, str], *, convert: Callable[[str, str], Any], declared: Iterable[str] = ()
) -> dict[str, Any]:
    """The settings that `environ` gives to `plugin`, each converted by ``convert(key, text)``.

    Raises:
        ConfigError: `convert` raised it; the message then names the variable.
    """
    settings: dict[str, Any] = {}
    for name, key in environment_variables(plugin, environ, declared).items():
        try:
            settings[key] = convert(key, environ[name])
        except ConfigError as error:
            message = f"{name}: {error.message}"
            raise ConfigError(message, plugin=plugin, fix=f"correct or unset {name}") from error
    return settings


def convert_value(text: str, subschema: Any, *, subject: str, schema: Mapping[str, Any] | None = None) -> Any:
    """`text` as the value that `subschema` asks for; the text itself where it asks for none.

    Integers, numbers and booleans (``true``, ``yes``, ``on``, ``1`` and their contraries) are read as such, members of
    an ``enum`` as they are written, arrays and objects as JSON. Of several types the first counts that the text fits.

    Args:
        text: the value of a variable, or one given on the command line.
        subschema: the schema of the setting.
        subject: what the message begins with, such as the variable's name.
        schema: the whole schema, within which local references lead.

    Raises:
        ConfigError: the text cannot be such a value; the message says what is expected.
    """
    forms = tuple(_forms(subschema, schema or {}, frozenset()))
    for form in forms:
        try:
            return form.read(text)
        except (ValueError, KeyError, RecursionError):
            continue
    expected = " or ".join(dict.fromkeys(form.name for form in forms))
    raise ConfigError(f"{subject} must be {expected}, not {text!r}")


class _Form(NamedTuple):
    """One form a text may have; `read` raises ValueError, KeyError or RecursionError where it has another one."""

    name: str
    read: Callable[[str], Any]


def _forms(subschema: Any, schema: Mapping[str, Any], within: frozenset[str]) -> Iterator[_Form]:
    """The forms a subschema allows, in its order, nothing at all last."""
    reference = subschema.get("$ref") if is_mapping(subschema) else None
    part = followed(subschema, schema)
    if not is_mapping(part) or reference in within:
        yield _TEXT
        return
    within = within | {reference} if isinstance(reference, str) else within
    members = [part["const"]] if "const" in part else part.get("enum")
    alternatives = next((part[keyword] for keyword in _ALTERNATIVES if is_list(part.get(keyword))), None)
    if is_list(members):
        yield _one_of(members)
    elif "type" not in part and alternatives:
        found = [form for each in alternatives for form in _forms(each, schema, within)]
        yield from sorted(found, key=lambda form: form is _NOTHING)
    else:
        yield from _typed(part.get("type"))


def _typed(named: Any) -> Iterator[_Form]:
    names: list[Any] = named if is_list(named) else [named]
    known = [_TYPES[name] for name in names if isinstance(name, str) and name in _TYPES]
    yield from sorted(known or [_TEXT], key=lambda form: form is _NOTHING)


def _one_of(members: list[Any]) -> _Form:
    """A text among the members is meant as that; another member is written as JSON."""

    def read(text: str) -> Any:
        return text if text in members else _same(json.loads(text), members)

    return _Form(f"one of {', '.join(map(_written, members))}", read)


def _same(value: Any, members: list[Any]) -> Any:
    for member in members:
        # In Python True equals 1; in JSON it does not.
        if member == value and isinstance(member, bool) == isinstance(value, bool):
            return member
    raise ValueError(value)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _boolean(text: str) -> bool:
    return _BOOLEANS[text.strip().lower()]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text.strip()):
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _array(text: str) -> list[Any]:
    value = json.loads(text, parse_constant=_no_constant)
    if not is_list(value):
        raise ValueError(text)
    return value


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text, parse_constant=_no_constant)
    if not is_mapping(value):
        raise ValueError(text)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _nothing(text: str) -> None:
    if text.strip() not in {"", "null"}:
        raise ValueError(text)


_TEXT = _Form("a text", str)
_NOTHING = _Form("null", _nothing)
_TYPES = {
    "integer": _Form("an integer", _integer),
    "number": _Form("a number", _number),
    "boolean": _Form("true or false", _boolean),
    "array": _Form("a JSON array", _array),
    "object": _Form("a JSON object", _object),
    "string": _TEXT,
    "null": _NOTHING,
}
