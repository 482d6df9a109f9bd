"""The example folder-review gives the same on one machine and on a cluster, one worker of which is killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from localagent.host.host import Host
from localagent.host.situation import HostOptions

EXAMPLE = Path(__file__).parents[2] / "examples" / "folder-review"
_LEFT_BY_TOOLS = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".benchmarks")
LINES = ("fine\n", "TODO: more\n", "space \n", "x" * 200 + "\n", "also fine\n")


@pytest.fixture
def folder(home: Path, work: Path, files: int) -> Path:
    """A folder to review, beside a home with the plugin."""
    shutil.copytree(EXAMPLE, home / "plugins" / "folder-review", ignore=_LEFT_BY_TOOLS)
    (home / "config.yaml").write_text(
        "plugins: {folder-review: {enabled: true}}\nworkflow: {default: folder-review, limit: 4}\n", encoding="utf-8"
    )
    for number in range(files):
        (work / f"{number:03}.txt").write_text("".join(LINES[: 1 + number % 5]) * 5_000, encoding="utf-8")
    return work


def review(folder: Path, executor: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "localagent_cli", "workflow", "run", "Review this folder", "--executor", executor]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*words, "--json"], cwd=folder, env=os.environ, **pipes)


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate()
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def statuses(home: Path) -> Counter[str]:
    """How the attempts of the newest run that were recorded ended."""
    with Host.open(HostOptions(home=home, journal=False)).workflow_manager.recorded() as runs:
        return Counter(
            attempt.outcome.status
            for run in runs.newest(1)
            for phase in runs.phases(run)
            for attempt in runs.attempts(run, phase.number)
            if attempt.outcome is not None
        )


def kill_a_worker_after(done: int, home: Path, process: subprocess.Popen[str]) -> None:
    while statuses(home)["succeeded"] < done:
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    workers = [child for child in children if any("spawn_main" in word for word in child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()


@pytest.mark.parametrize("files", [24, pytest.param(200, marks=pytest.mark.soak)])
def test_the_review_is_the_same_though_a_worker_is_killed(home: Path, folder: Path, files: int) -> None:
    with review(folder, "dask") as process:
        kill_a_worker_after(files // 8, home, process)
        there = told(process)
    after = statuses(home)
    with review(folder, "asyncio") as process:
        here = told(process)
    assert there.pop("run_id") != here.pop("run_id")
    assert there == here
    assert here["result"]["files"] == files
    assert here["result"]["findings"] > 0
    assert after["succeeded"] == files + 6
    assert after.keys() <= {"succeeded", "lost"}
