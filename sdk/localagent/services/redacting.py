"""Masking of secret values in everything that is written for others to read."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any, TypeGuard

from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.secret_names import is_secret_name
from localagent.plugins.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from localagent.services.home import Home

_SHORTEST = 4
"""Characters of a value that is masked; shorter ones are found in every text by chance."""
_LONG_LINE = 8
# Patterns are compiled, and kept by the library, when first used: most runs look at nothing.
_REFERENCE = r"\$\{env:([A-Za-z_]\w*)\}"
_LINE = r"(?m)^[ \t-]*[\"']?([\w-]+)[\"']?[ \t]*:[ \t]+(.+?)[ \t]*$"
_IN_BRACES = (
    r"[{,][ \t]*[\"']?([\w-]+)[\"']?[ \t]*:[ \t]*"
    r"(\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|(?:\$\{[^}\n]*\}|[^,{}\[\]\n])+)"
)


class Redactor:
    """Knows secret values and masks them, in the spellings that JSON, ``repr`` and addresses give them too.

    Args:
        sources: gives the values that are known without anybody resolving them; called once, when first needed.
    """

    def __init__(self, sources: Callable[[], Iterable[str]] = tuple) -> None:
        self._sources: Callable[[], Iterable[str]] | None = sources
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """From now on mask `value`, and each longer line of it."""
        spellings = {spelling for part in _parts(value) for spelling in _spellings(part)}
        if not spellings <= self._spellings:
            self._spellings |= spellings
            self._pattern = None

    def redact(self, text: str) -> str:
        """`text` with ``***`` for each secret value in it."""
        pattern = self._known()
        return text if pattern is None else pattern.sub(MASK, text)

    def redact_value(self, value: Any) -> Any:
        """`value` as JSON can say it, with ``***`` for each secret value in its texts; keys included."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if is_mapping(value):
            return {self.redact(str(key)): self.redact_value(item) for key, item in value.items()}
        if _is_collection(value):
            return [self.redact_value(item) for item in value]
        return self.redact(str(value))

    def settled(self, text: str) -> int:
        """How many characters of a text that goes on can be masked now, whatever follows them."""
        pattern = self._known()
        if pattern is None:
            return len(text)
        end = next((start for start in self._starts(text) if self._may_begin(text[start:])), len(text))
        spanning = (match.start() for match in pattern.finditer(text) if match.start() < end < match.end())
        return next(spanning, end)

    def _starts(self, text: str) -> Iterator[int]:
        """Where in `text` a secret could begin that does not end in it."""
        first = {spelling[0] for spelling in self._spellings}
        longest = max(map(len, self._spellings))
        return (place for place in range(max(0, len(text) - longest + 1), len(text)) if text[place] in first)

    def _may_begin(self, end: str) -> bool:
        return any(len(spelling) > len(end) and spelling.startswith(end) for spelling in self._spellings)

    def _known(self) -> re.Pattern[str] | None:
        if self._sources is not None:
            sources, self._sources = self._sources, None
            for value in sources():
                self.add(value)
        if self._pattern is None and self._spellings:
            # The longest first, so that no secret is masked in part because it begins with another one.
            ordered = sorted(self._spellings, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)))
        return self._pattern


class MaskedPieces:
    """Masks a text that comes in pieces; the beginning of what may be a secret waits for what follows.

    Args:
        redactor: knows the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._waiting = ""

    def next(self, piece: str) -> str:
        """What can be shown once `piece` came; the pieces shown and `rest` make up the whole text, masked."""
        text = self._waiting + piece
        end = self._redactor.settled(text)
        self._waiting = text[end:]
        return self._redactor.redact(text[:end])

    def rest(self) -> str:
        """What waited, now that nothing follows."""
        waiting, self._waiting = self._waiting, ""
        return self._redactor.redact(waiting)


def masked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for others to read: ``***`` for what is a secret by its name; references stay, they are none."""
    return {key: _masked(key, value) for key, value in settings.items()}


def literal_secrets(settings: Any) -> Iterator[str]:
    """The texts in nested settings that are secrets by their names and no references."""
    if is_mapping(settings):
        for key, value in settings.items():
            if _is_literal(key, value):
                yield value
            else:
                yield from literal_secrets(value)
    elif is_list(settings):
        for item in settings:
            yield from literal_secrets(item)


def secrets_at_hand(home: Home, environ: Mapping[str, str]) -> Iterator[str]:
    """The secret values in a home's settings files and in the environment, as far as names give them away.

    Files are searched as text, so that a file which cannot be parsed is not quoted either.
    """
    for file in sorted(home.path.glob("*.yaml")):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        values = (environ.get(name, "") for name in re.findall(_REFERENCE, text))
        yield from (value for value in values if value and not re.fullmatch(_REFERENCE, value))
        yield from lines_with_secrets(text)
    for name, value in environ.items():
        if name.startswith("LOCALAGENT_") and is_secret_name(name):
            yield value


def lines_with_secrets(text: str) -> Iterator[str]:
    """The values in YAML text that are secrets by their names and no references: of lines, and of pairs in braces."""
    for name, written in (*re.findall(_LINE, text), *re.findall(_IN_BRACES, text)):
        value = written.split(" #")[0].strip().strip("\"'")
        if _is_literal(name, value):
            yield value


def _is_literal(name: Any, value: Any) -> bool:
    return isinstance(value, str) and is_secret_name(str(name)) and value not in ("", MASK) and "${" not in value


def _masked(name: str, value: Any) -> Any:
    if is_mapping(value):
        return masked_settings(value)
    if is_list(value):
        return [_masked(name, item) for item in value]
    return MASK if _is_literal(name, value) else value


def _is_collection(value: Any) -> TypeGuard[Collection[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _parts(value: str) -> Iterator[str]:
    """The value, and its lines: a message is often cut to its first one."""
    if len(value) >= _SHORTEST:
        yield value
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _LONG_LINE)


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield urllib.parse.quote(value, safe="", errors="replace")
