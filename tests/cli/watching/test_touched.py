"""Which tests a change touches."""

from __future__ import annotations

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
