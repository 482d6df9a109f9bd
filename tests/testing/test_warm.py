"""The process that runs a plugin's tests at each save."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_warm(folder: Path, *files: str, times: int = 1) -> list[dict[str, Any]]:
    """What the process answers when it is asked so many times to run some tests."""
    wanted = json.dumps({"arguments": ["-q", "-p", "no:cacheprovider", *files], "path": str(folder)})
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
