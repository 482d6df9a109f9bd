"""What installed distributions offered when they were last read, so that only those that changed are read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.host import installed
from localagent.host.index import segment
from localagent.host.installed import Installed
from localagent.host.row_file import RowFile
from localagent.host.stamps import settled, unchanged

if TYPE_CHECKING:
    from collections.abc import Container


class Memory:
    """What is remembered of one home's Python.

    Args:
        home: LocalAgent's home.
    """

    def __init__(self, home: str) -> None:
        self._file = RowFile(home, f"installed-{segment('')}.jsonl")
        self._kept = self._file.read()
        self._rows: dict[str, Any] = {}
        self._new: dict[str, Installed] = {}

    def look(self, info: str) -> Installed:
        """What the distribution offers that the folder `info` describes, read only if it may have changed."""
        row = self._kept.get(info)
        if row is not None and unchanged(row[-1]):
            self._rows[info] = row
            return Installed.from_row(row)
        self._new[info] = found = installed.look(info)
        return found

    def remembers(self, info: str) -> bool:
        """Whether the last look at `info` had to read nothing."""
        return info in self._rows

    def keep(self, since: int) -> None:
        """Remember what was looked at, but for what changed so recently that another change could hide.

        Args:
            since: the file clock, in nanoseconds, when looking began.
        """
        rows = {info: new.to_row() for info, new in self._new.items() if new.seen and settled(new.seen, since)}
        self._file.add(rows, beside=self._rows)

    def forget(self, infos: Container[Path]) -> None:
        """Read again at the next look what the folders `infos` describe."""
        self._file.add(dict.fromkeys(info for info in self._kept if Path(info) in infos), beside=self._kept)
