"""State survives what ends a process: nothing is torn, nothing that was acknowledged is lost."""

from __future__ import annotations

import contextlib
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import crashing
from crashing import KINDS, PLUGIN, storage_of
from localagent.errors import SystemProblem
from localagent.services.config_file import set_value
from localagent.services.home import Home
from localagent.services.settings import read_mapping

PROGRAM = Path(crashing.__file__)
LONGEST = 0.06


def killed_at_a_random_point(kind: str, home: Home, first: int, chance: random.Random) -> int:
    """The last number that a writer acknowledged before it was killed."""
    argv = [sys.executable, str(PROGRAM), kind, str(home.path), str(first)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = writer.stdout.readline()
        time.sleep(chance.uniform(0, LONGEST))
        writer.kill()
        rest = writer.stdout.read()
    # The last line may be cut.
    return int((acknowledged + rest.rpartition("\n")[0]).split()[-1])


def survive(kind: str, home: Home, kills: int) -> None:
    chance = random.Random(f"{kind} {kills}")  # noqa: S311 - when to kill is no secret
    write, read = KINDS[kind]
    number = 0
    for _ in range(kills):
        acknowledged = killed_at_a_random_point(kind, home, number + 1, chance)
        number = read(home)
        assert acknowledged <= number <= acknowledged + 1
    storage = storage_of(home)
    write(home, number + 1, storage)
    storage.close()
    assert list(home.path.rglob("*.new")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_writer_loses_nothing_it_acknowledged(kind: str, tmp_path: Path) -> None:
    survive(kind, Home(tmp_path), kills=7)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "kills"), [("storage", 334), ("settings", 333), ("lock", 333)])
def test_a_thousand_killed_writers_lose_nothing(
    kind: str, kills: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    survive(kind, Home(tmp_path), kills)
    record_property("kills", kills)


_ADDS = """
import sys
from pathlib import Path
from crashing import storage_of
from localagent.services.home import Home
storage = storage_of(Home(Path(sys.argv[1])))
for _ in range(25):
    with storage.transaction():
        storage.set("sum", storage.get("sum", 0) + 1)
"""
_SETS = """
import sys
from pathlib import Path
from localagent.errors import SystemProblem
from localagent.services.config_file import set_value
for number in range(25):
    while True:
        try:
            set_value(Path(sys.argv[1], "config.yaml"), ["plugins", "crash", "config", f"{sys.argv[2]}-{number}"], 1)
        except SystemProblem as told:
            # The one that waited too long was told so; nothing was acknowledged.
            assert "another process" in told.message
        else:
            break
"""


def together(program: str, home: Path, count: int) -> None:
    """Run a program that often at the same time."""
    argv = [sys.executable, "-c", program, str(home)]
    running = [subprocess.Popen([*argv, str(number)], cwd=PROGRAM.parent) for number in range(count)]
    assert [each.wait() for each in running] == [0] * count


@pytest.mark.parametrize("processes", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_no_update_of_the_storage_is_lost_between_processes(tmp_path: Path, processes: int) -> None:
    together(_ADDS, tmp_path, processes)
    assert storage_of(Home(tmp_path)).get("sum") == processes * 25


@pytest.mark.parametrize("processes", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_no_setting_is_lost_between_processes(tmp_path: Path, processes: int) -> None:
    together(_SETS, tmp_path, processes)
    assert len(read_mapping(tmp_path / "config.yaml")["plugins"][PLUGIN]["config"]) == processes * 25


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_cut_short_leaves_the_old_file(kind: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    write, read = KINDS[kind]
    storage = storage_of(home)
    write(home, 1, storage)
    with room_for(20), pytest.raises(SystemProblem) as caught:
        write(home, 3, storage)
    assert caught.value.fix
    assert read(home) == 1
    write(home, 5, storage)
    assert read(home) == 5


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_write_cut_short_anywhere_leaves_the_old_file(
    kind: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """At 40 sizes, from nothing to nearly all of the largest file."""
    home = Home(tmp_path)
    write, read = KINDS[kind]
    storage = storage_of(home)
    write(home, 1, storage)
    largest = max(file.stat().st_size for file in home.path.rglob("*") if file.is_file())
    kept = 1
    fixes: list[str | None] = []
    for number, size in enumerate(range(0, largest, -(-largest // 40))):
        wanted = 2 * number + 3
        with room_for(size):
            try:
                write(home, wanted, storage)
            except SystemProblem as problem:
                fixes.append(problem.fix)
            else:
                kept = wanted
        assert read(home) == kept
    write(home, 1001, storage)
    assert read(home) == 1001
    record_property("writes cut short", len(fixes))
    assert fixes
    assert all(fixes)


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can be written beyond so many bytes."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


def test_a_setting_that_no_room_is_for_says_so(tmp_path: Path) -> None:
    with room_for(20), pytest.raises(SystemProblem, match="cannot write: File too large"):
        set_value(tmp_path / "config.yaml", ["plugins", PLUGIN, "config", "number"], 12345)
    assert not list(tmp_path.glob("*.new"))
