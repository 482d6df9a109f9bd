"""What all tests share: a home of their own, real processes, tiny plugins written on the spot."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from plain import MakePlugin, Run, command_line, plugin_maker

# A shared machine pauses now and then; how long one example takes says nothing.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")

# Thousands of processes start here. Where no bytecode may be kept, each would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, in which pytest makes folders of its own
ROOM = 4 << 30
"""Bytes that must be free there; a whole run has a tenth of that at a time."""


def has_memory_for_files() -> bool:
    """Whether there is a file system in memory with room in which programs may be started, as in few containers."""
    if sys.platform != "linux" or not MEMORY.is_dir():
        return False
    about = os.statvfs(MEMORY)
    return not about.f_flag & os.ST_NOEXEC and about.f_bavail * about.f_frsize > ROOM


# What is tested waits for the disk with each file that must not get lost, which here is none.
if "TMPDIR" not in os.environ and has_memory_for_files():
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None


# A shell's job in the background ignores Ctrl-C, one below nohup SIGHUP, and so would every process of the tests.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


LONG = 3600
"""Seconds that a long form may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long forms the time that they need, however much else the machine does."""
    for item in items:
        if item.get_closest_marker("soak") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG))


def pytest_collection_finish() -> None:
    """Take what collecting made out of the sight of the garbage collector, which much of what is tested calls."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_log_handlers() -> Iterator[None]:
    """Many tests open a host and close none: its log handlers would hear the tests after it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LocalAgent's home for this test, named by the environment; no variable of the developer's own leaks in."""
    for name in [name for name in os.environ if name.startswith("LOCALAGENT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("LOCALAGENT_HOME", str(folder))
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of this test."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def localagent(home: Path, work: Path) -> Run:
    """Runs the command line as a process of its own, in the current folder of the test."""
    return command_line(work)


@pytest.fixture(scope="session")
def type_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy keeps of the libraries from one plugin to the next, for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mypy"


@pytest.fixture
def make_plugin(home: Path) -> MakePlugin:
    """Writes a plugin folder ``plugin.py`` (by default into the home's plugins) and gives its path."""
    return plugin_maker(home)
