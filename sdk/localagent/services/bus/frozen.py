"""Data on their way: containers that no handler can change for the next one.

They are frozen once for each message, however many hear it. Copying them for each handler would cost more, and a
handler that changed its copy would never learn that nobody sees it.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn, cast

from localagent.errors import UnsendableData
from localagent.manifest.plain import is_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeGuard

_SCALARS = (str, int, float, bool, type(None))
_SCALAR_KINDS: frozenset[object] = frozenset(_SCALARS)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("data of a message cannot be changed, since others see them; change a copy: dict(...), list(...)")


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed; copies of it, pickled ones too, are plain ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (tuple(self.items()),)

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, _: object) -> dict[str, Any]:
        return {key: thawed(value) for key, value in self.items()}


class FrozenList(list[Any]):
    """A list that cannot be changed; copies of it, pickled ones too, are plain ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (tuple(self),)

    def __copy__(self) -> list[Any]:
        return list(self)

    def __deepcopy__(self, _: object) -> list[Any]:
        return [thawed(value) for value in self]


_decoder = json.JSONDecoder(object_hook=FrozenDict)


def frozen(data: Any, *, strict: bool = False) -> Any:
    """`data` with all its dicts, lists and tuples frozen; what is frozen already is taken as it is.

    Args:
        data: JSON values; anything else is passed on as it is, so handlers had better not change it.
        strict: whether anything else is refused.

    Raises:
        UnsendableData: something else is refused, or the data contain themselves.
    """
    if isinstance(data, _SCALARS) and not strict:
        return data
    try:
        return _frozen(data, "$", strict=strict) if strict else _shut(data)
    except RecursionError as error:
        raise UnsendableData("the data of a message contain themselves, or are nested too deeply") from error


def frozen_from_json(text: str) -> Any:
    """What a JSON text says, frozen: much faster than freezing what `json` reads from it."""
    # Lists are not shown to the reader's hook; few texts have one within another.
    data = _decoder.decode(text) if text.find("[", 1) < 0 else frozen(json.loads(text))
    return FrozenList(data) if is_list(data) and not isinstance(data, FrozenList) else data


def thawed(data: Any) -> Any:
    """A copy of `data` that its owner may change: all dicts and lists in it are new and plain."""
    if _is_dict(data):
        return {key: thawed(value) for key, value in data.items()}
    if is_list(data):
        return [thawed(value) for value in data]
    return data


def _shut(data: Any) -> Any:
    """As `_frozen`, for data whose values nobody checks; most of them are scalars, which are let pass at once."""
    # By their exact types: what is frozen is a dict or a list too.
    kind = cast("object", type(data))
    if kind is dict:
        if _SCALAR_KINDS.issuperset(map(type, data.values())):
            return FrozenDict(data)
        return FrozenDict({key: each if type(each) in _SCALARS else _shut(each) for key, each in data.items()})
    if kind is list:
        return FrozenList([each if type(each) in _SCALARS else _shut(each) for each in data])
    return _frozen(data, "$", strict=False)


def _frozen(data: Any, place: str, *, strict: bool) -> Any:
    if isinstance(data, FrozenDict | FrozenList):
        return data
    if _is_dict(data):
        if strict:
            _check_keys(data, place)
        return FrozenDict({key: _frozen(value, f"{place}.{key}", strict=strict) for key, value in data.items()})
    if is_list(data):
        return FrozenList([_frozen(value, f"{place}[]", strict=strict) for value in data])
    if _is_tuple(data):
        return tuple(_frozen(value, f"{place}[]", strict=strict) for value in data)
    if strict:
        _check_scalar(data, place)
    return data


def _is_dict(data: Any) -> TypeGuard[dict[Any, Any]]:
    return isinstance(data, dict)


def _is_tuple(data: Any) -> TypeGuard[tuple[Any, ...]]:
    # A named tuple is more than its parts, so it is passed on as it is.
    return type(data) is tuple


def _check_keys(items: Mapping[Any, Any], place: str) -> None:
    for key in items:
        if not isinstance(key, str):
            raise _unsendable(key, f"a key of {place}")


def _check_scalar(data: Any, place: str) -> None:
    if not isinstance(data, _SCALARS) or (isinstance(data, float) and not math.isfinite(data)):
        raise _unsendable(data, place)


def _unsendable(data: Any, place: str) -> UnsendableData:
    what = repr(data) if isinstance(data, float) else f"of the type {type(data).__name__}"
    return UnsendableData(
        f"{place} of a message's data is {what}, which JSON does not have",
        fix="send strings, numbers, booleans, None, and lists and dicts with string keys of these",
    )
