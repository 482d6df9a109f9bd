"""One SQLite file that several processes share: opened late, committed to the disk, moved aside when it is broken."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from localagent.errors import SystemProblem, UsageError
from localagent.services.files import exclusively

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator

    T = TypeVar("T")
    Salvage = dict[str, list[tuple[Any, ...]]]

PATIENCE = 5.0
"""Seconds a writer waits for another process."""
QUOTA = 256 * 1024 * 1024
"""Bytes the file may grow to."""
_PAGE = 4096
_PAUSE = 0.01
_BESIDE = ("", "-wal", "-shm")

# Result codes of SQLite; the module that names them is imported only where a file is opened.
_PERM, _BUSY, _LOCKED, _READ_ONLY, _CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 3, 5, 6, 8, 11, 13, 14, 26


class Layout(NamedTuple):
    """What lies in a file.

    Attributes:
        version: of the layout; one that is newer than this is refused.
        statements: make tables and indexes where there are none.
        tables: tables whose rows are saved from a broken file; the rows of the last one are counted for the user.
        makes_sense: whether a row that was read from a broken file can be used.
        fix: what to do when the file is full.
        is_synced: whether each write waits for the disk. Else what a process wrote outlives it however it ends, but not
            for certain the end of the machine.
    """

    version: int
    statements: tuple[str, ...]
    tables: tuple[str, ...]
    makes_sense: Callable[[tuple[Any, ...]], bool]
    fix: str
    is_synced: bool = True


class Database:
    """The rows of one file.

    Every write is done when its call returns. Usable from any thread; one thread works at a time.

    Args:
        file: where it lies; made by the first write.
        plugin: whose it is, for errors.
        layout: what lies in it.
        tell: given a sentence when the file had to be moved aside or can only be read.
    """

    def __init__(self, file: Path, *, plugin: str, tell: Callable[[str], object], layout: Layout | None = None) -> None:
        self.file = file
        self.plugin = plugin
        self._layout = ENTRIES if layout is None else layout
        self._tell = tell
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._process = 0
        self._inherited: list[sqlite3.Connection] = []
        self._is_read_only = False
        self._transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
        self._in_transaction = False

    def read(self, work: Callable[[sqlite3.Connection], T], *, default: T) -> T:
        """What `work` finds, `default` where nothing was ever written.

        Raises:
            SystemProblem: the file cannot be read now.
        """

        def attempt() -> T:
            db = self._opened(make=False)
            return default if db is None else work(db)

        with self._alone():
            return self._attempt(attempt)

    def write(self, work: Callable[[sqlite3.Connection], T], *, is_synced: bool = False) -> T:
        """Let `work` change entries, all or nothing; written when this returns.

        Args:
            work: changes them.
            is_synced: whether to wait for the disk even if the layout does not ask for it.

        Raises:
            SystemProblem: the file cannot be written now; nothing was changed.
        """
        with self._alone():
            if self._in_transaction:
                return self._attempt(lambda: work(self._writable()))
            return self._attempt(lambda: self._committed(work, is_synced=is_synced or self._layout.is_synced))

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Within, reads and writes are one step that no other process comes between; an exception undoes it.

        Raises:
            UsageError: one is open already, in this task or, across an ``await``, in another.
            SystemProblem: another process is writing, or the file cannot be written.
        """
        with self._alone():
            if self._in_transaction:
                raise UsageError("a transaction of this storage is open already", plugin=self.plugin)
            db = self._attempt(self._begun)
            token = self._transaction.set(True)
            self._in_transaction = True
            try:
                yield
                self._attempt(lambda: db.execute("COMMIT"))
            finally:
                self._in_transaction = False
                self._transaction.reset(token)
                _undo(db)

    def close(self) -> None:
        """Let the file go; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        with self._lock:
            if self._in_transaction and not self._transaction.get():
                raise UsageError(
                    "a transaction of this storage is open in another task",
                    plugin=self.plugin,
                    fix="do not await inside 'with storage.transaction()'",
                )
            yield

    def _attempt(self, step: Callable[[], T]) -> T:
        """Do one step; where the file turns out to be broken, once more with a new one."""
        import sqlite3

        try:
            return step()
        except sqlite3.DatabaseError as error:
            if _code(error) not in (_CORRUPT, _NOT_A_DATABASE) or self._in_transaction:
                raise self._problem(error) from error
        self._move_aside()
        try:
            return step()
        except sqlite3.DatabaseError as error:
            raise self._problem(error) from error

    def _begun(self) -> sqlite3.Connection:
        db = self._writable()
        db.execute("BEGIN IMMEDIATE")
        return db

    def _committed(self, work: Callable[[sqlite3.Connection], T], *, is_synced: bool) -> T:
        if is_synced != self._layout.is_synced:
            self._writable().execute("PRAGMA synchronous = FULL")
        db = self._begun()
        try:
            result = work(db)
            db.execute("COMMIT")
        finally:
            _undo(db)
            if is_synced != self._layout.is_synced:
                db.execute("PRAGMA synchronous = NORMAL")
        return result

    def _writable(self) -> sqlite3.Connection:
        db = self._opened(make=True)
        if db is None or self._is_read_only:
            raise self._cannot_write("the file can only be read")
        return db

    def _opened(self, *, make: bool) -> sqlite3.Connection | None:
        """The connection; None where there is no file and none is to be made.

        A connection that came through a fork must not be used. One whose file was moved or removed would go on
        writing where nobody reads.
        """
        identity = _identity(self.file)
        if self._connection is not None:
            if self._process == os.getpid() and identity == self._identity:
                return self._connection
            self._forsake()
        if identity is None and not make:
            return None
        self._connection = self._open(make=make)
        self._identity, self._process = _identity(self.file), os.getpid()
        return self._connection

    def _forsake(self) -> None:
        """Leave the connection; one of the parent process is not even closed, since it shares the parent's memory."""
        if self._connection is not None and self._process != os.getpid():
            self._inherited.append(self._connection)
            self._connection = None
        self.close()

    def _open(self, *, make: bool) -> sqlite3.Connection:
        import sqlite3

        self._is_read_only = False
        try:
            return self._open_for_all(make=make)
        except sqlite3.OperationalError as error:
            if make or _code(error) not in (_PERM, _READ_ONLY, _CANNOT_OPEN):
                raise
        db = sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        db.isolation_level = None
        self._is_read_only = True
        self._tell(f"storage of '{self.plugin}' can be read and not written: {self.file}")
        return db

    def _open_for_all(self, *, make: bool) -> sqlite3.Connection:
        import sqlite3

        if make:
            self._make()
        db = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            db.execute(f"PRAGMA synchronous = {'FULL' if self._layout.is_synced else 'NORMAL'}")
            db.execute(f"PRAGMA max_page_count = {QUOTA // _PAGE}")
            self._lay_out(db)
        except BaseException:
            db.close()
            raise
        return db

    def _make(self) -> None:
        """Make the file, for its owner only; SQLite gives those beside it the same mode."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise self._cannot_write(error.strerror or "unknown cause") from error

    def _lay_out(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > self._layout.version:
            raise SystemProblem(
                "the storage was written by a newer LocalAgent",
                plugin=self.plugin,
                file=self.file,
                fix="python -m pip install --upgrade localagent",
            )
        if version == self._layout.version:
            return
        _use_write_ahead_log(db)
        db.execute("BEGIN IMMEDIATE")
        for statement in (*self._layout.statements, f"PRAGMA user_version = {self._layout.version}"):
            db.execute(statement)
        db.execute("COMMIT")

    def _move_aside(self) -> None:
        """Give a broken file another name, begin a new one with what can still be read, and say so."""
        import sqlite3

        broken = self._identity
        self._forsake()
        with exclusively(self.file):
            if _is_sound(self.file) or (broken is not None and _identity(self.file) not in (broken, None)):
                # Another process was quicker.
                return
            aside = _free_name(self.file)
            for ending in _BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self.file}{ending}").rename(f"{aside}{ending}")
            salvage = _readable(aside, self._layout)
            try:
                self._fill(salvage)
            except sqlite3.DatabaseError as error:
                raise self._problem(error) from error
        self._tell(
            f"storage of '{self.plugin}' was damaged; it is kept as {aside}, "
            f"and {len(salvage[self._layout.tables[-1]])} entries that could be read from it are in use"
        )

    def _fill(self, salvage: Salvage) -> None:
        db = self._open_for_all(make=True)
        try:
            db.execute("BEGIN IMMEDIATE")
            for table, rows in salvage.items():
                for row in rows:
                    marks = ", ".join("?" * len(row))
                    db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own names
            db.execute("COMMIT")
        finally:
            db.close()

    def _problem(self, error: sqlite3.DatabaseError) -> SystemProblem:
        code = _code(error)
        if code in (_BUSY, _LOCKED):
            return SystemProblem(
                f"another process has been writing the storage for {PATIENCE:.0f} seconds",
                plugin=self.plugin,
                file=self.file,
                fix="wait for it to end, then try again",
            )
        if code == _FULL and _size(self.file) >= QUOTA - _PAGE:
            return SystemProblem(
                f"the storage is full: it holds {QUOTA // 1024 // 1024} MB, which is all it may",
                plugin=self.plugin,
                file=self.file,
                fix=self._layout.fix,
            )
        return self._cannot_write(str(error))

    def _cannot_write(self, cause: str) -> SystemProblem:
        return SystemProblem(
            f"the storage cannot be used: {cause}",
            plugin=self.plugin,
            file=self.file,
            fix=f"make room, and make {self.file.parent} writable",
        )


def _undo(db: sqlite3.Connection) -> None:
    """Take back what was not committed."""
    if db.in_transaction:
        db.execute("ROLLBACK")


def _use_write_ahead_log(db: sqlite3.Connection) -> None:
    """Change the journal mode; SQLite does not wait by itself when others do the same."""
    import sqlite3

    end = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) not in (_BUSY, _LOCKED) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _is_sound(file: Path) -> bool:
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(file, timeout=PATIENCE)) as db:
            return bool(db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _readable(file: Path, layout: Layout) -> Salvage:
    """The rows of a broken file that can be read and make sense; the damage ends what is read of its table."""
    import sqlite3

    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in layout.tables}
    with contextlib.closing(sqlite3.connect(file)) as db:
        for table, rows in found.items():
            with contextlib.suppress(sqlite3.DatabaseError):
                rows.extend(filter(layout.makes_sense, db.execute(f"SELECT * FROM {table} NOT INDEXED")))  # noqa: S608 - our own names
    return found


def _makes_sense(row: tuple[Any, ...]) -> bool:
    key, value, *times = row
    if not isinstance(key, str) or not isinstance(value, str):
        return False
    if not all(isinstance(time, float | None) for time in times):
        return False
    try:
        json.loads(value or "null")
    except ValueError:
        return not times
    return True


def _free_name(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.name}.corrupt-{number}")).exists():
        number += 1
    return aside


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - on every use, and half the price
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        return (0, 0)
    return found.st_dev, found.st_ino


def _size(file: Path) -> int:
    return sum(Path(f"{file}{ending}").stat().st_size for ending in _BESIDE[:2] if Path(f"{file}{ending}").exists())


def _code(error: sqlite3.Error) -> int:
    """SQLite's result code without the part that tells more."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


ENTRIES = Layout(
    1,
    (
        "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, until REAL, ttl REAL)",
        "CREATE INDEX IF NOT EXISTS ends ON entries (until) WHERE until IS NOT NULL",
        "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    ),
    ("facts", "entries"),
    _makes_sense,
    "delete entries, or give them a ttl",
)
"""Values by key, some of which end at a time: what a plugin stores."""
