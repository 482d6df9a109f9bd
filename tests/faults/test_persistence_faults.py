"""Faults 53 to 59: what ends or damages a write, and state that others damaged."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.told import assert_told, assert_works, bad_plugin, make_bad
from localagent.services.files import exclusively
from localagent.services.home import Home
from localagent.services.settings import read_mapping
from localagent.services.storage import Storage, storage_file
from localagent_testing import FakeClock
from plain import MakePlugin, Run

pytestmark = pytest.mark.slow

CLI = (sys.executable, "-m", "localagent_cli")
UNPRIVILEGED = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all") if os.geteuid() == 0 else ()
COUNT = """
    self.context.storage.set("number", self.context.storage.get("number", 0) + 1)
    print(self.context.storage.get("number"))
    """
KEEPS_CONTEXT = "self.context = context\nreturn True"


@pytest.fixture
def counting(localagent: Run, make_plugin: MakePlugin, home: Path) -> Run:
    """The command line with a plugin ``bad`` that counts its calls in its storage, once already."""
    make_bad(make_plugin, home, bad_plugin(initialise=KEEPS_CONTEXT, command=COUNT))
    assert localagent("bad").out == "1\n"
    return localagent


@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.soak)])
def test_fault_53_writer_is_killed(
    kills: int, localagent: Run, home: Path, record_property: Callable[[str, object], None]
) -> None:
    file, last = home / "config.yaml", 0
    for number in range(1, kills + 1):
        with subprocess.Popen([*CLI, "config", "set", "a.b", str(number)], stderr=subprocess.DEVNULL) as writer:
            time.sleep(0.05 + 0.4 * number / kills)
            writer.send_signal(signal.SIGKILL)
        found = read_mapping(file).get("a", {}).get("b", 0)
        assert found in (last, number)
        assert found == number or writer.returncode != 0
        last = found
    assert localagent("config", "set", "a.b", "0").code == 0
    assert {path.name for path in home.iterdir() if path.suffix == ".new"} == set()
    record_property("kills", kills)


def test_fault_54_disk_is_full(localagent: Run, home: Path) -> None:
    home.mkdir()
    file = home / "config.yaml"
    file.write_text("# mine\n" * 400 + "a: {b: 1}\n")
    before = file.read_bytes()
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *CLI, "config", "set", "a.b", "2"]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (done.returncode, file.read_bytes()) == (5, before), done.stderr
    assert f"error {file}: cannot write: File too large\nfix: " in done.stderr
    assert localagent("config", "set", "a.b", "2").code == 0


@pytest.mark.parametrize("kind", ["garbage", "truncated"])
def test_fault_55_state_is_damaged(kind: str, counting: Run, home: Path) -> None:
    state = storage_file(Home(home), "bad")
    for each in state.parent.glob(f"{state.name}-*"):
        each.unlink()
    damage = state.read_bytes()[: state.stat().st_size // 2] if kind == "truncated" else b"garbage" * 2000
    state.write_bytes(damage)
    done = counting("bad")
    assert (done.code, done.out) == (0, "1\n"), done.text
    assert state.with_name(f"{state.name}.corrupt-1").read_bytes() == damage
    assert "was damaged; it is kept as" in done.err


def test_fault_55_lock_file_is_damaged(counting: Run, home: Path) -> None:
    (home / "plugins.lock").write_text("{torn")
    assert_told(counting("plugins", "list"), 0, "plugins.lock")
    assert_told(counting("plugins", "enable", "bad"), 2, "plugins.lock")
    assert (home / "plugins.lock").read_text() == "{torn"


def test_fault_56_two_writers(localagent: Run, home: Path) -> None:
    """It waits 5 seconds before it gives up."""
    home.mkdir()
    with exclusively(home / "config.yaml"):
        done = localagent("config", "set", "a.b", "1")
    assert_told(done, 5, f"another process (pid {os.getpid()})", "5 seconds")


def test_fault_57_storage_of_a_newer_version(counting: Run, home: Path) -> None:
    with sqlite3.connect(storage_file(Home(home), "bad")) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    done = counting("bad")
    assert done.code in (1, 5), done.text
    assert_told(done, done.code, "written by a newer LocalAgent")
    assert_works(counting)


def test_fault_57_storage_is_locked(counting: Run, home: Path) -> None:
    database = sqlite3.connect(storage_file(Home(home), "bad"), isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    done = counting("bad")
    database.close()
    assert done.code in (1, 5), done.text
    assert_told(done, done.code, "another process has been writing")


@pytest.mark.skipif(bool(UNPRIVILEGED) and not shutil.which("setpriv"), reason="root writes everywhere")
def test_fault_57_storage_can_only_be_read(counting: Run, home: Path) -> None:
    state = storage_file(Home(home), "bad")
    plugin = home / "plugins" / "bad" / "plugin.py"
    plugin.write_text(plugin.read_text().replace('self.context.storage.set("number", ', "print(1, "))
    assert counting("bad").code == 0
    state.chmod(0o444)
    state.parent.chmod(0o555)
    done = subprocess.run([*UNPRIVILEGED, *CLI, "bad"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["1"]), done
    assert done.stderr.count("can be read and not written") == 1


@pytest.mark.parametrize(
    "use",
    ["set(3, 1)", "set('a', 'x' * 100_000_000)", "set('a', loop)", "set('', 1)"],
    ids=["number as key", "100 MB", "cyclic", "no key"],
)
def test_fault_58_value_that_cannot_be_kept(use: str, localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    code = f"loop = []\nloop.append(loop)\nself.context.storage.{use}"
    make_bad(make_plugin, home, bad_plugin(initialise=KEEPS_CONTEXT, command=code))
    assert_told(localagent("bad"), 1, "plugin.py:", "UsageError")
    assert_works(localagent)


def test_fault_58_key_is_no_path(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    code = "self.context.storage.set('../x', 1)\nprint(self.context.storage.keys())"
    make_bad(make_plugin, home, bad_plugin(initialise=KEEPS_CONTEXT, command=code))
    assert localagent("bad").out == "['../x']\n"
    assert not list(home.rglob("x"))


def test_fault_59_clock_jumps_back(tmp_path: Path) -> None:
    """Within one process and with a clock of the test's: no test may set that of the machine."""
    clock = FakeClock()
    storage = Storage(tmp_path / "storage.sqlite3", plugin="bad", tell=print, clock=clock.clock())
    storage.set("a", 1, ttl=100)
    clock.wall -= 10_000
    clock.advance(50)
    assert storage.get("a") == 1
    clock.advance(51)
    assert storage.get("a") is None
