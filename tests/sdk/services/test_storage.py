"""What a plugin keeps between runs: whole, by key, for as long as it said."""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from localagent.errors import StalePluginError, SystemProblem, UsageError
from localagent.services.clock import system_clock
from localagent.services.home import Home
from localagent.services.storage import LARGEST, Storage, purge, storage_file
from localagent_testing.fakes.clock import FakeClock


@dataclass
class Shelf:
    """Opens storages over one file, as processes one after the other do."""

    file: Path
    time: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)
    opened: list[Storage] = field(default_factory=list)

    def open(self) -> Storage:
        self.opened.append(Storage(self.file, plugin="shelf", tell=self.told.append, clock=self.time.clock()))
        return self.opened[-1]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "data" / "shelf" / "storage.sqlite3")
    yield made
    for storage in made.opened:
        storage.close()


def test_what_one_run_stores_the_next_run_finds(shelf: Shelf) -> None:
    value = {"list": [1, 2.5, None, True], "text": "häuser\n\0\ud800"}
    first = shelf.open()
    first.set("a", value)
    first.close()
    assert shelf.open().get("a") == value


def test_reading_makes_no_file(shelf: Shelf) -> None:
    storage = shelf.open()
    assert (storage.get("a"), storage.get("a", 5), storage.keys()) == (None, 5, [])
    assert not shelf.file.parent.parent.exists()


def test_the_file_is_for_its_owner_only(shelf: Shelf) -> None:
    shelf.open().set("a", 1)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in shelf.file.parent.glob("storage.sqlite3*")}
    assert modes == {0o600}
    assert stat.S_IMODE(shelf.file.parent.stat().st_mode) == 0o700


def test_keys_are_sorted_and_chosen_by_a_literal_prefix(shelf: Shelf) -> None:
    storage = shelf.open()
    for key in ("b%x", "a", "b", "bx", "../x"):
        storage.set(key, None)
    assert storage.keys() == ["../x", "a", "b", "b%x", "bx"]
    assert storage.keys("b%") == ["b%x"]


def test_deleting_says_whether_there_was_something(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("a", 1)
    assert (storage.delete("a"), storage.delete("a")) == (True, False)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", 1),
        ("k" * 1025, 1),
        (7, 1),
        ("a\0b", 1),
        ("\ud800", 1),
        ("a", object()),
        ("a", math.nan),
        ("a", b"bytes"),
        ("a", "x" * LARGEST),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_cannot_be_kept_is_refused_and_the_old_value_stays(shelf: Shelf, key: Any, value: Any) -> None:
    storage = shelf.open()
    storage.set("a", "old")
    with pytest.raises(UsageError):
        storage.set(key, value)
    assert (storage.keys(), storage.get("a")) == (["a"], "old")


def test_a_value_that_holds_itself_is_refused(shelf: Shelf) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UsageError, match="is not JSON"):
        shelf.open().set("a", loop)


@pytest.mark.parametrize("ttl", [0, -1, math.inf, math.nan, "5"])
def test_a_time_to_live_is_a_positive_number(shelf: Shelf, ttl: Any) -> None:
    with pytest.raises(UsageError, match="positive number of seconds"):
        shelf.open().set("a", 1, ttl=ttl)


def test_a_value_is_gone_when_its_time_is_over(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("a", 1, ttl=60)
    shelf.time.advance(59)
    assert (storage.get("a"), storage.keys()) == (1, ["a"])
    shelf.time.advance(1)
    assert (storage.get("a"), storage.keys(), storage.delete("a")) == (None, [], False)


@pytest.mark.parametrize("step", [-86400.0, 86400.0])
def test_setting_the_clock_changes_no_life(shelf: Shelf, step: float) -> None:
    storage = shelf.open()
    storage.set("a", 1, ttl=60)
    shelf.time.wall += step
    shelf.time.advance(30)
    assert (storage.get("a"), shelf.open().get("a")) == (1, 1)
    shelf.time.advance(30)
    assert (storage.get("a"), shelf.open().get("a")) == (None, None)


def test_a_life_goes_on_while_the_machine_is_off(shelf: Shelf) -> None:
    shelf.open().set("a", 1, ttl=60)
    shelf.open().set("b", 1, ttl=600)
    shelf.open().set("c", 1)
    shelf.time.restart(off=100)
    assert shelf.open().keys() == ["b", "c"]
    shelf.time.advance(499)
    assert shelf.open().keys() == ["b", "c"]
    shelf.time.advance(2)
    assert shelf.open().keys() == ["c"]


def test_a_clock_set_before_the_restart_is_taken_into_account(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("a", 1, ttl=60)
    shelf.time.wall += 3600
    storage.set("b", 1)
    shelf.time.restart(off=30)
    assert shelf.open().get("a") == 1
    shelf.time.advance(31)
    assert shelf.open().get("a") is None


def test_a_machine_that_starts_in_1970_gives_no_entry_more_than_its_time(shelf: Shelf) -> None:
    shelf.open().set("a", 1, ttl=60)
    shelf.time.restart(off=-1_700_000_000)
    storage = shelf.open()
    assert storage.get("a") == 1
    shelf.time.wall += 1_700_000_000
    shelf.time.advance(61)
    assert storage.get("a") is None


def test_ends_of_lives_are_known_in_a_file_that_replaced_a_purged_one(shelf: Shelf, tmp_path: Path) -> None:
    storage = shelf.open()
    storage.set("a", 1)
    assert purge(Home(tmp_path), "shelf")
    storage.set("b", 1, ttl=60)
    shelf.time.restart(off=30)
    assert shelf.open().keys() == ["b"]


def test_the_clock_of_this_machine_counts_forward() -> None:
    clock = system_clock()
    assert clock.elapsed() <= clock.elapsed()
    assert clock.boot == system_clock().boot


def test_a_transaction_keeps_all_or_nothing(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("a", 1)
    with pytest.raises(ZeroDivisionError), storage.transaction() as inside:  # noqa: PT012 - what comes before is undone
        inside.set("a", 2)
        inside.set("b", 2)
        assert storage.get("b") == 2
        raise ZeroDivisionError
    assert (storage.get("a"), storage.keys()) == (1, ["a"])
    with storage.transaction():
        storage.set("a", storage.get("a") + 1)
        storage.delete("b")
    assert shelf.open().get("a") == 2


def test_a_transaction_inside_another_is_refused(shelf: Shelf) -> None:
    storage = shelf.open()
    with storage.transaction(), pytest.raises(UsageError, match="open already"), storage.transaction():
        pass
    storage.set("a", 1)


def test_another_task_cannot_slip_into_a_transaction(shelf: Shelf) -> None:
    storage = shelf.open()

    async def meddle() -> None:
        with pytest.raises(UsageError, match="open in another task"):
            storage.set("a", "other")

    async def main() -> None:
        other = asyncio.create_task(meddle())
        with storage.transaction():
            storage.set("a", "mine")
            await asyncio.sleep(0)
        await other

    asyncio.run(main())
    assert storage.get("a") == "mine"


def test_threads_take_turns(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("n", 0)

    def count() -> None:
        for _ in range(20):
            with storage.transaction():
                storage.set("n", storage.get("n") + 1)

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.get("n") == 100


def test_a_forked_child_uses_a_connection_of_its_own(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.set("a", "parent")
    child = multiprocessing.get_context("fork").Process(target=lambda: storage.set("b", storage.get("a")))
    child.start()
    child.join()
    assert child.exitcode == 0
    storage.set("c", 1)
    assert storage.get("b") == "parent"


def test_a_file_that_is_no_database_is_kept_and_told(shelf: Shelf) -> None:
    shelf.file.parent.mkdir(parents=True)
    shelf.file.write_bytes(b"garbage" * 2000)
    storage = shelf.open()
    storage.set("a", 1)
    assert storage.get("a") == 1
    aside = shelf.file.with_name("storage.sqlite3.corrupt-1")
    assert aside.read_bytes() == b"garbage" * 2000
    assert shelf.told == [
        f"storage of 'shelf' was damaged; it is kept as {aside}, and 0 entries that could be read from it are in use"
    ]


def test_what_can_be_read_of_a_damaged_file_is_kept(shelf: Shelf) -> None:
    storage = shelf.open()
    with storage.transaction():
        for number in range(2000):
            storage.set(f"key {number:04}", "x" * 100)
    storage.close()
    content = bytearray(shelf.file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 16384] = os.urandom(16384)
    shelf.file.write_bytes(content)
    storage = shelf.open()
    for number in range(2000):
        storage.get(f"key {number:04}")
    kept = storage.keys()
    assert 0 < len(kept) < 2000
    assert len(shelf.told) == 1
    assert f"and {len(kept)} entries" in shelf.told[0]
    storage.set("new", 1)
    assert shelf.open().get("new") == 1


def test_a_storage_of_a_newer_version_is_left_alone(shelf: Shelf) -> None:
    shelf.open().set("a", 1)
    with sqlite3.connect(shelf.file) as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    storage = shelf.open()
    for use in (lambda: storage.get("a"), lambda: storage.set("a", 2)):
        with pytest.raises(SystemProblem, match="newer LocalAgent") as caught:
            use()
        assert caught.value.file == shelf.file


def test_a_writer_that_takes_too_long_is_told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localagent.services.database.PATIENCE", 0.05)
    first, second = shelf.open(), shelf.open()
    first.set("a", 1)
    with first.transaction():
        assert second.get("a") == 1
        with pytest.raises(SystemProblem, match="another process has been writing"):
            second.set("a", 2)
    second.set("a", 3)
    assert first.get("a") == 3


def test_a_full_storage_says_so_and_loses_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localagent.services.database.QUOTA", 200_000)
    storage = shelf.open()
    storage.set("a", "old")
    with pytest.raises(SystemProblem, match="the storage is full") as caught:  # noqa: PT012 - one of them is too many
        for number in range(20):
            storage.set(f"k{number}", "x" * 20_000)
    assert caught.value.fix == "delete entries, or give them a ttl"
    assert storage.get("a") == "old"


_CUT_SHORT = """
import resource, sys
from pathlib import Path
from localagent.errors import SystemProblem
from localagent.services.storage import Storage
storage = Storage(Path(sys.argv[1]), plugin="p", tell=print)
storage.set("a", "old")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    storage.set("a", "x" * 1_000_000)
except SystemProblem as error:
    print("refused", storage.get("a"))
"""


def test_a_write_cut_short_leaves_the_old_value(shelf: Shelf) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CUT_SHORT, shelf.file], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "refused old\n"
    assert shelf.open().get("a") == "old"
    assert shelf.told == []


_READ_ONLY = """
import sys
from pathlib import Path
from localagent.errors import SystemProblem
from localagent.services.storage import Storage
storage = Storage(Path(sys.argv[1]), plugin="p", tell=lambda told: print(told.partition(":")[0]))
print(storage.get("a"), storage.keys())
try:
    storage.set("a", 2)
except SystemProblem as error:
    print("refused:", error.message)
print(storage.get("a"))
"""
_WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")


def test_a_storage_that_can_only_be_read_says_so_once(shelf: Shelf) -> None:
    drop: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root writes everywhere, and there is no setpriv to hold it back")
        drop = _WITHOUT_PRIVILEGES
    storage = shelf.open()
    storage.set("a", 1)
    storage.close()
    shelf.file.chmod(0o444)
    shelf.file.parent.chmod(0o555)
    argv = [*drop, sys.executable, "-c", _READ_ONLY, str(shelf.file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    first, second, third, fourth = done.stdout.splitlines()
    assert first == "storage of 'p' can be read and not written"
    assert second == "1 ['a']"
    assert third.startswith("refused: the storage cannot be used: ")
    assert fourth == "1"


def test_a_folder_that_cannot_be_made_is_a_problem_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    storage = Storage(tmp_path / "file" / "storage.sqlite3", plugin="p", tell=print)
    assert storage.get("a") is None
    with pytest.raises(SystemProblem, match="cannot be used"):
        storage.set("a", 1)


def test_after_it_was_closed_it_says_whose_it_was(shelf: Shelf) -> None:
    storage = shelf.open()
    storage.close()
    with pytest.raises(StalePluginError, match="'shelf' was let go"):
        storage.get("a")


def test_purging_removes_all_data_of_one_plugin(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("one", "two"):
        storage = Storage(storage_file(home, name), plugin=name, tell=print)
        storage.set("a", name)
        storage.close()
    assert (purge(home, "one"), purge(home, "one")) == (True, False)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["two"]


KEYS = st.sampled_from(["a", "b", "ab", "ä%", "_"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class StorageAgainstAModel(RuleBasedStateMachine):
    """A dict with times says what the storage must answer, over reopening, steps of the clock and restarts."""

    @initialize()
    def begin(self) -> None:
        self.shelf = Shelf(Path(tempfile.mkdtemp(dir=self.root)) / "storage.sqlite3")
        self.storage = self.shelf.open()
        self.model: dict[str, tuple[Any, float]] = {}
        self.now = 0.0

    root = ""

    def alive(self) -> dict[str, Any]:
        return {key: value for key, (value, end) in self.model.items() if end > self.now}

    @rule(key=KEYS, value=VALUES, ttl=st.none() | st.integers(1, 100))
    def set(self, key: str, value: Any, ttl: int | None) -> None:
        self.storage.set(key, value, ttl)
        self.model[key] = (value, math.inf if ttl is None else self.now + ttl)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        assert self.storage.delete(key) == (key in self.alive())
        self.model.pop(key, None)

    @rule()
    def clear(self) -> None:
        self.storage.clear()
        self.model.clear()

    @rule(changes=st.dictionaries(KEYS, VALUES), fails=st.booleans())
    def transaction(self, changes: dict[str, Any], *, fails: bool) -> None:
        try:
            with self.storage.transaction():
                for key, value in changes.items():
                    self.storage.set(key, value)
                if fails:
                    raise ZeroDivisionError  # noqa: TRY301 - what comes before is undone
        except ZeroDivisionError:
            return
        self.model.update({key: (value, math.inf) for key, value in changes.items()})

    @rule(seconds=st.integers(0, 60))
    def time_passes(self, seconds: int) -> None:
        self.shelf.time.advance(seconds)
        self.now += seconds

    @rule(step=st.integers(-10_000, 10_000))
    def the_clock_is_set(self, step: int) -> None:
        self.shelf.time.wall += step
        self.storage.keys()

    @rule()
    def reopen(self) -> None:
        self.storage.close()
        self.storage = self.shelf.open()

    @rule(off=st.integers(0, 60), boot=st.uuids())
    def restart(self, off: int, boot: object) -> None:
        # Who sets the clock and pulls the plug before anybody wrote is not covered.
        self.storage.set("_", 0)
        self.model["_"] = (0, math.inf)
        self.storage.close()
        self.shelf.time.restart(off=off, boot=str(boot))
        self.now += off
        self.storage = self.shelf.open()

    @invariant()
    def answers_as_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        alive = self.alive()
        assert self.storage.keys() == sorted(alive, key=lambda key: key.encode())
        assert {key: self.storage.get(key) for key in alive} == alive
        assert json.dumps(self.storage.get("absent", "x")) == '"x"'

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.storage.close()


def test_storage_answers_as_the_model(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Machine", (StorageAgainstAModel,), {"root": str(tmp_path)})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))


@pytest.mark.soak
def test_storage_answers_as_the_model_at_length(tmp_path: Path) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Machine", (StorageAgainstAModel,), {"root": str(tmp_path)})
    run_state_machine_as_test(machine, settings=settings(max_examples=500, stateful_step_count=50, deadline=None))
