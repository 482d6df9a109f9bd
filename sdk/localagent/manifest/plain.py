"""What plain data read from a file is, said so that type checkers follow."""

from __future__ import annotations

from typing import Any, TypeGuard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether `value` is a mapping, whose keys are texts in all that is read here."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether `value` is a list."""
    return isinstance(value, list)


def texts_in(value: Any) -> list[str]:
    """The texts in a list; what else is in it, or is no list, does not count."""
    return [item for item in value if isinstance(item, str)] if is_list(value) else []


def table_at(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The mapping below `keys`; empty if there is none or something else stands on the way."""
    for key in keys:
        value = data.get(key)
        data = value if is_mapping(value) else {}
    return data
