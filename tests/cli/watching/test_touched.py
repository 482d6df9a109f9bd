"""Which tests a change touches."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from localagent_cli.watching.touched import touched_tests

FILES = {
    "plugin.py": "from . import words",
    "words.py": "WORD = 1",
    "numbers_.py": "ONE = 1",
    "README.md": "",
    "tests/conftest.py": "",
    "tests/test_plugin.py": "import plugin",
    "tests/test_numbers.py": "from numbers_ import ONE",
    "tests/test_other.py": "",
}


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        (["tests/test_other.py"], ["test_other"]),
        (["numbers_.py"], ["test_numbers"]),
        (["words.py"], ["test_plugin"]),
        (["plugin.py", "tests/test_other.py"], ["test_other", "test_plugin"]),
        (["tests/conftest.py"], ["test_numbers", "test_other", "test_plugin"]),
        (["README.md"], ["test_numbers", "test_other", "test_plugin"]),
        (["unheard_of.py"], ["test_numbers", "test_other", "test_plugin"]),
    ],
)
def test_a_change_touches_what_names_it(tmp_path: Path, changed: list[str], touched: list[str]) -> None:
    (tmp_path / "tests").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert [file.stem for file in touched_tests(tmp_path, [tmp_path / name for name in changed])] == touched


def test_folders_may_come_and_go_meanwhile(tmp_path: Path) -> None:
    """As when a plugin's folder is deleted while the tests are chosen."""
    (tmp_path / "plugin.py").write_text("ONE = 1")
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            (tmp_path / "tests" / ".benchmarks").mkdir(parents=True)
            (tmp_path / "tests" / ".benchmarks").rmdir()
            (tmp_path / "tests").rmdir()

    coming_and_going = threading.Thread(target=come_and_go)
    coming_and_going.start()
    try:
        for _ in range(2000):
            assert touched_tests(tmp_path, [tmp_path / "plugin.py"]) == []
    finally:
        ended.set()
        coming_and_going.join()
