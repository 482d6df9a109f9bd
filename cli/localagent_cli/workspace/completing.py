"""Adding to a JSON file of the user's what it lacks, and nothing else."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from localagent.manifest.plain import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMED_BY = ("name", "id")
"""What tells the items of a list apart, as Visual Studio Code does."""
_INDENT = re.compile(r"^\{\s*?\n([ \t]+)")


def completed(text: str, wanted: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The text of a JSON object with what it lacked of `wanted`, and the names of that.

    What the object says itself stays, even where it says otherwise: keys, items of lists by their name, their order,
    the width of the indentation.

    Raises:
        ValueError: the text is no JSON object without comments.
    """
    present = _parsed(text)
    added = tuple(_complete(present, wanted))
    if not added:
        return text, ()
    indent = _INDENT.match(text)
    return json.dumps(present, indent=indent[1] if indent else 2, ensure_ascii=False) + "\n", added


def _parsed(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    present = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once_each)
    if not is_mapping(present):
        raise ValueError("it is no object")
    return present


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("it has a key twice, one of which would get lost")
    return keys


def _complete(present: dict[str, Any], wanted: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        name = f"{above}{key}"
        if key not in present:
            present[key] = deepcopy(value)
            yield name
        elif is_mapping(value) and is_mapping(present[key]):
            yield from _complete(present[key], value, f"{name} > ")
        elif is_list(value) and is_list(present[key]):
            yield from _extend(present[key], value, name)


def _extend(present: list[Any], wanted: list[Any], name: str) -> Iterator[str]:
    known = [_name_of(item) for item in present]
    for item in wanted:
        if _name_of(item) not in known:
            present.append(deepcopy(item))
            yield f"{name} > {_name_of(item)}"


def _name_of(item: Any) -> Any:
    named = (item[key] for key in _NAMED_BY if key in item) if is_mapping(item) else iter(())
    return next(named, item)
