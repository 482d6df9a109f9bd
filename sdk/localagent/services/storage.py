"""What a plugin keeps between runs: JSON values by key, in a namespace of its own."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import StalePluginError, SystemProblem, UsageError
from localagent.services.clock import system_clock
from localagent.services.database import Database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from localagent.services.clock import Clock
    from localagent.services.home import Home

    T = TypeVar("T")

LARGEST = 16 * 1024 * 1024
"""Bytes that one value may take as JSON."""
LONGEST_KEY = 1024
_FILE = "storage.sqlite3"
_STEP = 1.0
"""Seconds by which the clock must be off before it counts as set."""
_ALIVE = "(until IS NULL OR until > ?)"


class Storage:
    """The stored values of one plugin; every process of the user sees the same.

    A value is what JSON can say, and comes back as JSON keeps it: a tuple as a list, a number as a key as text. A
    write is on the disk when its call returns. All calls may be made from any thread; they block for well under a
    millisecond to read and a few to write.

    Args:
        file: the SQLite file; made by the first write.
        plugin: whose it is.
        tell: given a sentence when the file was damaged or can only be read.
        clock: what time to live is measured by.
    """

    def __init__(self, file: Path, *, plugin: str, tell: Callable[[str], object], clock: Clock | None = None) -> None:
        self.plugin = plugin
        self._clock = clock or system_clock()
        self._database = Database(file, plugin=plugin, tell=tell)
        self._offset: float | None = None
        self._is_closed = False

    def get(self, key: str, default: Any = None) -> Any:
        """The value at `key`; `default` where there is none or its time is over.

        Raises:
            SystemProblem: the storage cannot be read now.
        """
        query = f"SELECT value FROM entries WHERE key = ? AND {_ALIVE}"  # noqa: S608 - our own words
        row: Any = self._read(lambda db: db.execute(query, (_key(key), self._now())).fetchone(), default=None)
        return default if row is None else json.loads(row[0])

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value` at `key`.

        Args:
            key: any text of 1 to 1024 characters.
            value: what JSON can say, 16 MB at most.
            ttl: seconds it lives; None means until it is deleted. They pass while the machine sleeps; setting its clock
                changes nothing.

        Raises:
            UsageError: key, value or ttl cannot be kept.
            SystemProblem: the storage cannot be written now; the old value is intact.
        """
        text = _json(key, value)
        life = _ttl(ttl)

        def work(db: sqlite3.Connection) -> None:
            self._keep(db, "REPLACE", {key: (text, life)})

        self._write(work)

    def delete(self, key: str) -> bool:
        """Remove what is at `key`; whether there was something."""
        query = f"DELETE FROM entries WHERE key = ? AND {_ALIVE}"  # noqa: S608 - our own words
        return self._write(lambda db: db.execute(query, (_key(key), self._now())).rowcount > 0)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        query = f"SELECT key FROM entries WHERE substr(key, 1, ?) = ? AND {_ALIVE} ORDER BY key"  # noqa: S608 - our own words
        rows: list[tuple[str]] = self._read(
            lambda db: db.execute(query, (len(prefix), prefix, self._now())).fetchall(), default=[]
        )
        return [row[0] for row in rows]

    def clear(self) -> None:
        """Remove everything."""
        self._write(lambda db: db.execute("DELETE FROM entries"))

    @contextlib.contextmanager
    def transaction(self) -> Generator[Storage]:
        """Several reads and writes as one step; no other process comes between, an exception undoes all of it.

        Do not await inside: other tasks could not use the storage meanwhile, and are told so.

        Raises:
            UsageError: a transaction is open already.
            SystemProblem: the storage cannot be written now; nothing was changed.
        """
        self._check_open()
        self._settle_if_set()
        with self._database.transaction():
            yield self

    def add_once(self, fact: str, values: dict[str, tuple[Any, float | None]]) -> bool:
        """Keep `values`, each with its time to live, unless this was done before under the name `fact`.

        Keys that are there already stay as they are. Returns whether it was done now.
        """
        rows = {key: (_json(key, value), _ttl(ttl)) for key, (value, ttl) in values.items()}

        def work(db: sqlite3.Connection) -> bool:
            if not db.execute("INSERT OR IGNORE INTO facts VALUES (?, '')", (fact,)).rowcount:
                return False
            self._keep(db, "IGNORE", rows)
            return True

        return self._write(work)

    def knows(self, fact: str) -> bool:
        """Whether `add_once` was done under this name."""
        query = "SELECT 1 FROM facts WHERE name = ?"
        return self._read(lambda db: db.execute(query, (fact,)).fetchone(), default=None) is not None

    def close(self) -> None:
        """End all use; the host calls this when the plugin goes."""
        self._is_closed = True
        self._database.close()

    def _read(self, work: Callable[[sqlite3.Connection], T], *, default: T) -> T:
        self._check_open()
        if self._offset is None and self._database.read(self._is_unsettled, default=False):
            # Where nothing can be written, lives end by what the last writer knew.
            with contextlib.suppress(SystemProblem):
                self._settle_if_set()
        return self._database.read(work, default=default)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        self._settle_if_set()
        return self._database.write(work)

    def _now(self) -> float:
        return self._clock.elapsed()

    def _keep(self, db: sqlite3.Connection, otherwise: str, rows: Mapping[str, tuple[str, float | None]]) -> None:
        """Insert rows of JSON and life; `otherwise` is SQL's word for what to do with keys that are there."""
        now = self._now()
        db.execute("DELETE FROM entries WHERE until <= ?", (now,))
        insert = f"INSERT OR {otherwise} INTO entries VALUES (?, ?, ?, ?)"  # noqa: S608 - our own words
        for key, (text, life) in rows.items():
            db.execute(insert, (key, text, None if life is None else now + life, life))
        if any(life is not None for _, life in rows.values()):
            # The file may be a new one since the clock was noted.
            db.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", self._clock_facts(self._clock.offset()))

    def _is_unsettled(self, db: sqlite3.Connection) -> bool:
        """Whether the ends of lives were written under another start of the machine."""
        boot, _ = _kept_clock(db)
        return boot not in ("", self._clock.boot)

    def _settle_if_set(self) -> None:
        """Note how the wall clock stands to the one that counts, where that is new or somebody set it."""
        offset = self._clock.offset()
        if self._offset is None or abs(offset - self._offset) > _STEP:
            self._database.write(lambda db: self._settle(db, offset))
            self._offset = offset

    def _settle(self, db: sqlite3.Connection, offset: float) -> None:
        """After a new start of the machine, count lives from here.

        No entry gets longer than its whole time to live, wherever the wall clock went while the machine was off.
        """
        boot, before = _kept_clock(db)
        if boot not in ("", self._clock.boot):
            now = self._clock.elapsed()
            db.execute("UPDATE entries SET until = min(until + ? - ?, ? + ttl)", (before, offset, now))
        db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", self._clock_facts(offset))

    def _clock_facts(self, offset: float) -> list[tuple[str, str]]:
        return [("boot", self._clock.boot), ("offset", repr(offset))]

    def _check_open(self) -> None:
        if self._is_closed:
            raise StalePluginError(
                f"the plugin '{self.plugin}' was let go, and its storage with it", plugin=self.plugin
            )


def storage_file(home: Home, plugin: str) -> Path:
    """Where a plugin's storage lies: in its data folder, so that one folder is all a plugin leaves."""
    return home.data(plugin) / _FILE


def purge(home: Home, plugin: str) -> bool:
    """Remove all data of a plugin, its storage included; whether there were any.

    Raises:
        SystemProblem: they cannot be removed.
    """
    folder = home.data(plugin)
    try:
        if folder.is_symlink():
            folder.unlink()
            return True
        if not folder.exists():
            return False
        # Nobody meets a folder that is half gone, even if this is interrupted.
        going = folder.with_name(f".{folder.name}.purged")
        if going.exists():
            shutil.rmtree(going)
        folder.rename(going)
        shutil.rmtree(going)
    except OSError as error:
        raise SystemProblem(f"cannot remove the data of '{plugin}': {error.strerror}", file=folder) from error
    return True


def _kept_clock(db: sqlite3.Connection) -> tuple[str, float]:
    """The start of the machine and the offset of its clock that ends of lives were written under."""
    facts: dict[str, str] = dict(db.execute("SELECT name, value FROM facts WHERE name IN ('boot', 'offset')"))
    return facts.get("boot", ""), float(facts.get("offset", "nan"))


def _key(key: Any) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        raise UsageError(f"a storage key must be a text of 1 to {LONGEST_KEY} characters, not {key!r:.80}")
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in key):
        raise UsageError(f"the storage key {key!r:.80} has a character that cannot be stored")
    return key


def _json(key: str, value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the value of the storage key '{_key(key)}' is not JSON: {error}") from error
    if len(text) > LARGEST:
        raise UsageError(
            f"the value of the storage key '{_key(key)}' takes {len(text)} bytes; {LARGEST} are allowed",
            fix="keep it as a file in data_dir, and its name in the storage",
        )
    _key(key)
    return text


def _ttl(ttl: Any) -> float | None:
    if ttl is None:
        return None
    if not isinstance(ttl, int | float) or not math.isfinite(ttl) or ttl <= 0:
        raise UsageError(f"a time to live must be a positive number of seconds, not {ttl!r}", fix="leave it out")
    return float(ttl)
