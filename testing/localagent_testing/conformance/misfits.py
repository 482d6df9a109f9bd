"""Settings that a schema forbids, derived from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.subschemas import followed
from localagent.manifest.plain import is_list, is_mapping, table_at
from localagent.plugins.config_schema import merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NOT_IN_ENUM = "no value of the enum"
_OF_ANOTHER_TYPE: dict[str, Any] = {
    "string": 1,
    "integer": "one",
    "number": "one",
    "boolean": "yes",
    "array": "one",
    "object": "one",
    "null": "one",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Settings with one thing wrong.

    Attributes:
        pointer: the setting, as a JSON Pointer (RFC 6901).
        reason: what is wrong with it.
        settings: the settings.
    """

    pointer: str
    reason: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}"


def misfits(schema: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """`settings`, each time with one property of the schema that is wrong in one way, nested ones included."""
    return _misfits(schema, schema, settings, ())


def _misfits(
    part: Mapping[str, Any], schema: Mapping[str, Any], settings: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[Misfit]:
    part = followed(part, schema)
    for key in part.get("required", ()):
        if key in _at(settings, path):
            yield Misfit(_pointer((*path, key)), "it is required and missing", _without(settings, (*path, key)))
    for key, subschema in table_at(part, "properties").items():
        inner, place = followed(subschema, schema), (*path, key)
        if not is_mapping(inner):
            continue
        for value, reason in _wrong(inner):
            yield Misfit(_pointer(place), f"{value!r} is {reason}", merge(settings, _nested(place, value)))
        if len(place) < _DEPTH:
            yield from _misfits(inner, schema, settings, place)


_DEPTH = 5
"""Objects in objects that are looked at; a schema may contain itself."""


def _wrong(part: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Values that a property cannot have, with what they are."""
    kind = part.get("type")
    if isinstance(kind, str) and kind in _OF_ANOTHER_TYPE:
        yield _OF_ANOTHER_TYPE[kind], f"no {kind}"
    if is_list(part.get("enum")):
        yield _NOT_IN_ENUM, "none of its enum"
    for limit, step, reason in (("minimum", -1, "below its minimum"), ("maximum", 1, "above its maximum")):
        bound = part.get(limit)
        if isinstance(bound, int | float):
            yield bound + step, reason


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def _at(settings: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        settings = table_at(settings, key)
    return settings


def _without(settings: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    left = merge(settings, {})
    inner: dict[str, Any] = left
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return left


def _pointer(path: tuple[str, ...]) -> str:
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in path)
