"""The parts of a JSON Schema, and where its references lead."""

from __future__ import annotations

from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from localagent.manifest.composing import KeyPath

_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
_SINGLE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """`schema` and every schema in it, each with its path, outer before inner."""
    pending: list[tuple[KeyPath, Any]] = [((), schema)]
    while pending:
        path, current = pending.pop(0)
        if not is_mapping(current):
            continue
        yield path, current
        for keyword in _NAMED:
            named = current.get(keyword)
            if is_mapping(named):
                pending += [((*path, keyword, key), each) for key, each in named.items()]
        for keyword in _LISTED:
            listed = current.get(keyword)
            if is_list(listed):
                pending += [((*path, keyword, index), each) for index, each in enumerate(listed)]
        pending += [((*path, keyword), current.get(keyword)) for keyword in _SINGLE]


def broken_references(schema: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """The path of each reference that leads out of the schema, nowhere, or round in a circle; and which of them."""
    anchors = _anchors(schema)
    for path, part in subschemas(schema):
        for keyword in _REFERENCES:
            reference = part.get(keyword)
            if isinstance(reference, str):
                reason = _flaw(reference, schema, anchors)
                if reason:
                    yield (*path, keyword), reason


def followed(part: Any, schema: Mapping[str, Any]) -> Any:
    """`part` of `schema` with what its local ``$ref`` names laid below its own keywords.

    A reference that leads out of the schema, nowhere, or round in a circle names nothing. Nothing is fetched.
    """
    seen: set[str] = set()
    while is_mapping(part) and isinstance(reference := part.get("$ref"), str):
        own = {keyword: value for keyword, value in part.items() if keyword != "$ref"}
        target = None
        if reference.startswith("#") and reference not in seen:
            target = _target(reference[1:], schema, _anchors(schema) if reference[1:2] not in {"", "/"} else {})
        seen.add(reference)
        part = {**target, **own} if is_mapping(target) else own
    return part


def has_own_addresses(schema: dict[str, Any]) -> bool:
    """Whether inner schemas have an ``$id``, against which their references would have to be read."""
    return any("$id" in part for path, part in subschemas(schema) if path)


def _anchors(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a schema that have a name."""
    return {part["$anchor"]: part for _, part in subschemas(schema) if isinstance(part.get("$anchor"), str)}


def _flaw(reference: str, schema: Mapping[str, Any], anchors: dict[str, Any]) -> str | None:
    """Follow a chain of references to its end."""
    seen: set[str] = set()
    while True:
        if not reference.startswith("#"):
            return f"'{shown(reference)}' is another document, and nothing is fetched"
        if reference in seen:
            return f"'{shown(reference)}' leads back to itself"
        seen.add(reference)
        target = _target(reference[1:], schema, anchors)
        if target is None:
            return f"'{shown(reference)}' leads nowhere"
        following = target.get("$ref") if is_mapping(target) else None
        if not isinstance(following, str):
            return None
        reference = following


def _target(fragment: str, schema: Mapping[str, Any], anchors: dict[str, Any]) -> Any:
    """What a JSON Pointer (RFC 6901) or an anchor names, None if nothing."""
    if fragment and not fragment.startswith("/"):
        return anchors.get(fragment)
    from urllib.parse import unquote

    target: Any = schema
    for token in unquote(fragment).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if is_list(target) and key.isdecimal() and int(key) < len(target):
            target = target[int(key)]
        elif is_mapping(target) and key in target:
            target = target[key]
        else:
            return None
    return target
