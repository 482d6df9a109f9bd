"""The process that runs a plugin's tests at each save."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.slow


def run_warm(folder: Path, *files: str, times: int = 1) -> list[dict[str, Any]]:
    """What the process answers when it is asked so many times to run some tests."""
    wanted = json.dumps({"path": str(folder), "options": ["-q", "-p", "no:cacheprovider"], "files": files})
    command = [sys.executable, "-m", "localagent_testing.warm"]
    done = subprocess.run(command, input=f"{wanted}\n" * times, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_plugin_may_take_warnings_as_errors(tmp_path: Path) -> None:
    settings = "[pytest]\nfilterwarnings =\n    error\nasyncio_default_fixture_loop_scope = function\n"
    (tmp_path / "pytest.ini").write_text(settings, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "def test_it(localagent_home):\n    assert localagent_home\n", encoding="utf-8"
    )
    first, second = run_warm(tmp_path, "test_it.py", times=2)
    assert (first["code"], second["code"]) == (0, 0), first
    assert "1 passed in" in first["output"]
    assert "warning" not in first["output"] + second["output"]


def test_the_bytecode_of_an_earlier_save_is_not_run(tmp_path: Path) -> None:
    """Nor that of an earlier save of the tests: both saves may be of the same second and size."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    words, tests = tmp_path / "words.py", tmp_path / "test_it.py"
    words.write_text("WORD = 'first'\n", encoding="utf-8")
    tests.write_text("from words import WORD\n\ndef test_it():\n    assert WORD == 'first'\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}, check=True)
    for file in (words, tests):
        saved = file.stat()
        file.write_text(file.read_text(encoding="utf-8").replace("first", "other"), encoding="utf-8")
        os.utime(file, ns=(saved.st_atime_ns, saved.st_mtime_ns))
    kept = list(tmp_path.rglob("*.pyc"))
    assert len(kept) == 2
    for file in kept:
        os.utime(file, ns=(saved.st_atime_ns, saved.st_mtime_ns))
    (answer,) = run_warm(tmp_path, "test_it.py")
    assert "1 passed in" in answer["output"], answer["output"]


Ask = Callable[..., dict[str, Any]]

PASSING = "def test_it():\n    pass\n"
FAILING = "def test_it():\n    raise ValueError('as it is now')\n"
PYTEST_INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The process, ended by the end of its input."""
    (tmp_path / "pytest.ini").write_text(PYTEST_INI, encoding="utf-8")
    command = [sys.executable, "-m", "localagent_testing.warm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        yield running


@pytest.fixture
def ask(process: subprocess.Popen[str], tmp_path: Path) -> Ask:
    """Has tests of a folder run, and waits for the answer."""

    def ask(*files: str, path: Path = tmp_path) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        wanted = {"path": str(path), "options": ["-q", "-p", "no:cacheprovider"], "files": files}
        process.stdin.write(f"{json.dumps(wanted)}\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    return ask


def waiting_below(process: subprocess.Popen[str]) -> psutil.Process:
    """The process that waits for the next run; it begins when the last one was told."""
    until = time.monotonic() + 30
    while not (children := psutil.Process(process.pid).children()) and time.monotonic() < until:
        time.sleep(0.01)
    (child,) = children
    return child


@pytest.mark.parametrize("file", ["test_it.py", "conftest.py", "words.py", "pytest.ini"])
@pytest.mark.parametrize("conftest", [None, "WORDS = 2\n", "import words\n"])
def test_what_was_saved_since_the_last_run_counts(
    tmp_path: Path, ask: Ask, process: subprocess.Popen[str], conftest: str | None, file: str
) -> None:
    """Whatever the process that waits has read already."""
    (tmp_path / "words.py").write_text("WORD = 1\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(f"import words\n\n{PASSING}", encoding="utf-8")
    if conftest is not None:
        (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    assert [ask("test_it.py")["code"] for _ in range(2)] == [0, 0]
    waiting_below(process)
    time.sleep(0.5)
    (tmp_path / file).write_text("raise ValueError('as it is now')\n", encoding="utf-8")
    now = ask("test_it.py")
    assert now["code"] != 0, now["output"]
    assert "as it is now" in now["output"], now["output"]


def test_other_tests_may_follow(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "test_it.py").write_text(PASSING, encoding="utf-8")
    (tmp_path / "test_other.py").write_text(PASSING + FAILING.replace("_it", "_that"), encoding="utf-8")
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "test_beside.py").write_text(PASSING * 2, encoding="utf-8")
    found = [ask("test_it.py"), ask("test_other.py"), ask("test_beside.py", path=beside), ask("test_it.py")]
    assert [each["code"] for each in found] == [0, 1, 0, 0]
    assert "1 failed, 1 passed" in found[1]["output"]


def test_waiting_is_no_part_of_what_the_tests_took(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "test_it.py").write_text(PASSING, encoding="utf-8")
    ask("test_it.py")
    time.sleep(2)
    found = re.search(r"1 passed in ([\d.]+)s", ask("test_it.py")["output"])
    assert found is not None
    assert float(found[1]) < 2


def test_who_waits_runs_the_next_tests_and_is_not_left_over(
    tmp_path: Path, ask: Ask, process: subprocess.Popen[str]
) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os\n\ndef test_it():\n    print('I am', os.getpid())\n    raise ValueError\n", encoding="utf-8"
    )
    ask("test_it.py")
    waiting = waiting_below(process)
    assert f"I am {waiting.pid}\n" in ask("test_it.py")["output"]
    last = waiting_below(process)
    process.communicate()
    assert process.returncode == 0
    assert psutil.wait_procs([last], timeout=30)[1] == []
