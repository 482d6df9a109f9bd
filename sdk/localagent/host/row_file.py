"""A file of JSON values by key that is added to, and written anew only once most of its lines are out of date."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from localagent.host.index import cached, circumstances, written

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENOUGH = 64
"""So many lines may be out of date however few others there are."""


class RowFile:
    """The file: a line that says when it can be understood, then a line for each row; of equal keys the last counts.

    What is lost when two processes write at once, or one dies meanwhile, costs time at the next start and nothing else.

    Args:
        home: LocalAgent's home.
        name: the file's name.
    """

    def __init__(self, home: str, name: str) -> None:
        self._path = cached(home, name)
        self._head = f"{written(circumstances())}\n"
        self._lines: int | None = None

    def read(self) -> dict[str, Any]:
        """The rows by key; empty if there is no such file or it cannot be understood."""
        try:
            with open(self._path, encoding="utf-8") as stream:  # noqa: PTH123 - pathlib costs more than the reading
                if stream.readline() != self._head:
                    return {}
                lines = json.loads(f"[{stream.read()[:-1].replace(chr(10), ',')}]")
            rows = dict(lines)
        except (OSError, ValueError, TypeError, RecursionError):
            # Absent, unreadable or damaged: in each case it is made anew.
            return {}
        self._lines = len(lines)
        return rows

    def add(self, new: Mapping[str, Any], *, beside: Mapping[str, Any]) -> None:
        """Keep `new` rows.

        Args:
            new: JSON values by key.
            beside: those of the rows that were read which still count.
        """
        try:
            if self._lines is None or self._lines + len(new) > _ENOUGH + 2 * (len(beside) + len(new)):
                self._replace(self._head + _lines({**beside, **new}))
            elif new:
                with open(self._path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - as above
                    stream.write(_lines(new))
        except OSError:
            # A home that cannot be written to works, only slower; doctor names it.
            return

    def _replace(self, text: str) -> None:
        temporary = f"{self._path}.{os.getpid()}.new"
        with open(temporary, "w", encoding="utf-8") as stream:  # noqa: PTH123 - as above
            stream.write(text)
        os.replace(temporary, self._path)  # noqa: PTH105 - as above


def _lines(rows: Mapping[str, Any]) -> str:
    return "".join([f"{written(row)}\n" for row in rows.items()])
