"""A process and all that it started end with the call, whatever way the call ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from localagent_cli.trying.processes import run_whole

if TYPE_CHECKING:
    from pathlib import Path

    from cli.trying.conftest import Shelf

START_CHILD = (
    "import pathlib, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "pathlib.Path(sys.argv[1]).write_text(str(child.pid))\n"
)


def run(code: str, *words: str, timeout: float | None = None, check: bool = False) -> int:
    done = run_whole(
        [sys.executable, "-c", code, *words],
        cwd=None,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=timeout,
        check=check,
    )
    return done.returncode


def is_gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody waited for yet has, too."""
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_the_exit_code_is_given() -> None:
    assert run("raise SystemExit(3)") == 3
    with pytest.raises(subprocess.CalledProcessError):
        run("raise SystemExit(3)", check=True)


def test_what_a_process_left_is_ended(tmp_path: Path) -> None:
    assert run(START_CHILD, str(tmp_path / "pid")) == 0
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_time_out_ends_children_too(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(f"{START_CHILD}time.sleep(600)", str(tmp_path / "pid"), timeout=3)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_ctrl_c_leaves_neither_files_nor_processes(
    shelf: Shelf, home: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, pid = work / "tmp", work / "pid"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    wheel = shelf.plugin(f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    tested = subprocess.Popen([sys.executable, "-m", "localagent_cli", "plugins", "test", str(wheel)])
    while not pid.exists() or not pid.read_text():
        assert tested.poll() is None
        time.sleep(0.1)
    tested.send_signal(signal.SIGINT)
    assert tested.wait(60) == 130
    assert is_gone(int(pid.read_text()))
    for _ in range(200):  # a process of its own removes what is many files
        if not list(temporary.iterdir()):
            break
        time.sleep(0.05)
    assert list(temporary.iterdir()) == []
