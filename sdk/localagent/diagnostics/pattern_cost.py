"""How long the patterns of a schema may take to match: an upper bound, without matching anything."""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import Any, NamedTuple

from localagent.diagnostics.subschemas import subschemas
from localagent.manifest.plain import is_list, is_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from localagent.manifest.composing import KeyPath

ENDLESS = 10**18
"""So many ways are as good as endless."""
_ROUNDS = 64
_QUICK = 1_000_000
"""Ways that are tried within a few hundredths of a second."""


class SlowPattern(NamedTuple):
    """A pattern of a schema that may take long on the settings at hand, and its path in the schema."""

    path: KeyPath
    pattern: str


def slow_pattern(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> SlowPattern | None:
    """The first pattern of a schema that may take long on some text in the settings; None if all are quick."""
    patterns = list(_patterns(schema))
    if not patterns:
        return None
    length = max(map(len, _texts(settings)), default=0)
    return next((each for each in patterns if not is_quick(each.pattern, length)), None)


def is_quick(pattern: str, length: int) -> bool:
    """Whether searching a text of so many characters for a pattern is over in the wink of an eye, whatever the text.

    A pattern that cannot be read counts as quick, as it is refused before it is searched for.
    """
    items = parsed(pattern)
    if items is None:
        return True
    # All the ways in which the pattern can be laid over the text may be tried, from wherever it may begin.
    beginnings = 1 if _begins_with_the_text(items) else length + 1
    return _ways(items, length) * beginnings <= _QUICK


def parsed(pattern: str) -> Any:
    """A pattern's operations as the standard library reads them; None if it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The one parser of patterns there is; it has no public name.
        parser: Any = import_module("re._parser")
        try:
            return parser.parse(pattern)
        except (re.error, RecursionError, OverflowError, ValueError):
            return None


def _begins_with_the_text(items: Any) -> bool:
    return len(items) > 0 and str(items[0][0]) == "AT" and str(items[0][1]).startswith("AT_BEGINNING")


def _ways(items: Iterable[tuple[Any, Any]], length: int) -> int:
    """In how many ways, at the most, operations in a row can be laid over a text."""
    ways = 1
    for operation, argument in items:
        ways = min(ways * _ways_of(str(operation), argument, length), ENDLESS)
    return ways


def _ways_of(operation: str, argument: Any, length: int) -> int:
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, repeated = argument
        most, least = min(int(high), length), int(low)
        # More rounds than this are endless as soon as there are two ways for one.
        rounds: int = _ways(repeated, length) ** min(most, _ROUNDS)
        return min((max(most - least, 0) + 1) * rounds, ENDLESS)
    if operation == "BRANCH":
        return sum(_ways(branch, length) for branch in argument[1])
    if operation in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return _ways(argument[-1], length)
    if operation == "ATOMIC_GROUP":
        return _ways(argument, length)
    if operation == "GROUPREF_EXISTS":
        return sum(_ways(branch, length) for branch in argument[1:] if branch)
    return 1


def _patterns(schema: Mapping[str, Any]) -> Iterator[SlowPattern]:
    for path, part in subschemas(schema):
        pattern, named = part.get("pattern"), part.get("patternProperties")
        if isinstance(pattern, str):
            yield SlowPattern((*path, "pattern"), pattern)
        if is_mapping(named):
            for key in named:
                yield SlowPattern((*path, "patternProperties", key), key)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_mapping(value):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif is_list(value):
        for each in value:
            yield from _texts(each)
