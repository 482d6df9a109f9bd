"""One plugin's settings at one moment."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any


class Snapshot(Mapping[str, Any]):
    """Settings that never change: what is taken out of them is a copy.

    Args:
        values: the settings; copied.
        before: the settings that these replace.

    Attributes:
        changed: the settings, by their names at the top level, that `before` has otherwise or not at all, or that
            are gone.
    """

    __slots__ = ("_values", "changed")

    def __init__(self, values: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> None:
        self._values = copy.deepcopy(dict(values))
        self.changed = frozenset[str]() if before is None else _differing(before, self._values)

    def __getitem__(self, key: str) -> Any:
        return copy.deepcopy(self._values[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Snapshot({self._values!r})"

    def plain(self) -> dict[str, Any]:
        """The settings as a fresh plain dict."""
        return copy.deepcopy(self._values)

    def after(self, before: Mapping[str, Any]) -> Snapshot:
        """The same settings, with `changed` as seen from `before`."""
        return Snapshot(self._values, before=before)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    both = {*before, *after}
    return frozenset(key for key in both if _text(before, key) != _text(after, key))


def _text(settings: Mapping[str, Any], key: str) -> str:
    """A setting as JSON, since in Python 1 equals True and a plugin may tell them apart; empty where there is none."""
    return json.dumps(settings[key], sort_keys=True, default=repr) if key in settings else ""
