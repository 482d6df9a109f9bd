"""YAML text as plain data with the place of every key and value, strictly.

The parser's events are composed here and not by the library, so that a tag, an anchor or one node too many is refused
when it is met: nothing is constructed, expanded or nested before that, and no recursion follows the document's depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from localagent.errors import ManifestError
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

NODE_LIMIT = 20_000
DEPTH_LIMIT = 50

KeyPath = tuple["str | int", ...]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Of the core schema of YAML 1.2 (section 10.3) only what nobody means as a text: a leading zero, an exponent without
# its sign, another base or more digits than a double needs leave the scalar a text.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,16})(?:\.[0-9]{1,17}(?:[eE][-+][0-9]{1,2})?|[eE][-+][0-9]{1,2})")


@dataclass(slots=True)
class Composition:
    """A document's data, and by path: places (0-based line, column) of values and keys, and scalars as written."""

    data: Any = None
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; `key` is the one that waits for its value."""

    path: KeyPath
    items: dict[str, Any] | list[Any]
    key: str | None = None


def compose(text: str, file: Path) -> Composition:
    """The one document in `text`.

    Raises:
        ManifestError: not YAML, or YAML that is not taken here; carries the place.
    """
    composer = _Composer(file)
    for event in _events(text, file):
        composer.take(event)
    return composer.result


def resolve(text: str) -> Any:
    """What a plain scalar stands for: nothing, a boolean, a number, else the text itself."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _events(text: str, file: Path) -> Iterator[Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml: Any = YAML(typ="safe", pure=True)
    mark: Any = None
    try:
        for event in yaml.parse(text):
            mark = event.end_mark
            yield event
    except MarkedYAMLError as error:
        raise _misformed(error, mark, file) from error
    except (YAMLError, ValueError, LookupError, OverflowError, AssertionError) as error:
        # The library lets through what chr(), its tables and its asserts raise on impossible escapes and directives.
        raise _refusal(f"not valid YAML: {shown(str(error))}", mark, file) from error


def _misformed(error: Any, mark: Any, file: Path) -> ManifestError:
    problem = shown(str(error.problem or error.context), limit=120)
    return _refusal(f"not valid YAML: {problem}", error.problem_mark or error.context_mark or mark, file)


def _refusal(problem: str, mark: Any, file: Path, fix: str = "") -> ManifestError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if not fix:
        fix = "indent with spaces, not tabs" if "\\t" in problem else f"correct the YAML at or before line {line}"
    return ManifestError(problem, file=file, line=line, column=column, fix=fix)


class _Composer:
    """Takes events one by one; `result` is complete after the last."""

    def __init__(self, file: Path) -> None:
        self.result = Composition()
        self._file = file
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        match type(event).__name__:
            case "ScalarEvent":
                self._admit(event)
                self._scalar(event)
            case "MappingStartEvent" | "SequenceStartEvent":
                self._admit(event)
                self._start(event, {} if type(event).__name__ == "MappingStartEvent" else [])
            case "MappingEndEvent" | "SequenceEndEvent":
                self._open.pop()
            case "AliasEvent":
                raise self._refuse("aliases are not allowed here", event, "write the value out in full")
            case "DocumentStartEvent":
                self._begin_document(event)
            case _:
                pass

    def _begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._refuse("a second document begins here", event, "keep one document; remove the '---' line")
        if event.tags or event.version not in {None, (1, 2)}:
            raise self._refuse("directives are not allowed here", event, "remove the lines that begin with '%'")

    def _admit(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > NODE_LIMIT:
            fix = "keep only what describes the plugin"
            raise self._refuse(f"more than the limit of {NODE_LIMIT} values", event, fix)
        if event.anchor is not None:
            fix = "remove the anchor and write the value out where it is used"
            raise self._refuse(f"anchors are not allowed here: '&{shown(event.anchor)}'", event, fix)
        if event.tag is not None:
            raise self._refuse(f"tags are not allowed here: '{shown(str(event.tag))}'", event, "remove the tag")

    def _scalar(self, event: Any) -> None:
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            raise self._refuse("half of a surrogate pair is not a character", event, "write the whole character")
        parent = self._open[-1] if self._open else None
        if parent and isinstance(parent.items, dict) and parent.key is None:
            self._key(parent, event)
            return
        plain = event.implicit[0]
        value = resolve(event.value) if plain else event.value
        path = self._place(event, value)
        if not isinstance(value, str):
            self.result.written[path] = event.value

    def _key(self, parent: _Open, event: Any) -> None:
        key: str = event.value
        path = (*parent.path, key)
        if key in parent.items:
            first = self.result.keys[path][0] + 1
            again = event.start_mark.line + 1
            problem = f"the key '{shown(key)}' is there twice, in line {first} and in line {again}"
            raise self._refuse(problem, event, "keep one of the two")
        self.result.keys[path] = (event.start_mark.line, event.start_mark.column)
        parent.key = key

    def _start(self, event: Any, items: dict[str, Any] | list[Any]) -> None:
        if len(self._open) >= DEPTH_LIMIT:
            raise self._refuse(f"nested deeper than the limit of {DEPTH_LIMIT} levels", event, "nest less deeply")
        self._open.append(_Open(self._place(event, items), items))

    def _place(self, event: Any, value: Any) -> KeyPath:
        """Put `value` where it belongs; gives its path."""
        path: KeyPath = ()
        if not self._open:
            self.result.data = value
        else:
            parent = self._open[-1]
            if isinstance(parent.items, list):
                path = (*parent.path, len(parent.items))
                parent.items.append(value)
            elif parent.key is None:
                raise self._refuse("a key must be a single text", event, "write 'key: value'")
            else:
                path = (*parent.path, parent.key)
                parent.items[parent.key] = value
                parent.key = None
        # The parser puts a value that is not there before whatever follows it, lines further down.
        is_absent = value is None and not event.value and path in self.result.keys
        here = (event.start_mark.line, event.start_mark.column)
        self.result.values[path] = self.result.keys[path] if is_absent else here
        return path

    def _refuse(self, problem: str, event: Any, fix: str) -> ManifestError:
        return _refusal(problem, event.start_mark, self._file, fix)
