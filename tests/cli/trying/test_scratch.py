"""The folder goes, whatever ends its process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from localagent_cli.trying.scratch import scratch_folder


def test_the_folder_is_there_only_within() -> None:
    with scratch_folder("localagent-try-") as folder:
        (folder / "file").write_text("")
    assert not folder.exists()


def fail_within(made: list[Path]) -> None:
    with scratch_folder("localagent-try-") as folder:
        made.append(folder)
        raise ZeroDivisionError


def test_it_goes_after_a_failure() -> None:
    made: list[Path] = []
    with pytest.raises(ZeroDivisionError):
        fail_within(made)
    assert not made[0].exists()


def test_it_goes_with_a_process_that_is_killed() -> None:
    code = (
        "import os\nfrom localagent_cli.trying.scratch import scratch_folder\n"
        "with scratch_folder('localagent-try-') as folder:\n"
        "    print(folder, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    folder = Path(done.stdout.strip())
    for _ in range(200):
        if not folder.exists():
            break
        time.sleep(0.05)
    assert not folder.exists()
