"""Which tests a change touches, by what their sources name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localagent.host.reloading.saves import files_below

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def test_files(root: Path) -> list[Path]:
    """The files with tests of a plugin, in order."""
    tests = root / "tests"
    return sorted(
        file for file in files_below(root) if file.match("test_*.py") and (file.parent == root or tests in file.parents)
    )


def touched_tests(root: Path, changed: Collection[Path]) -> list[Path]:
    """The files with tests that a change of `changed` may make fail or pass; all of them where that is not clear.

    A file is touched that changed itself, or that names a changed module, or one that uses it, or is called after one.
    """
    files = test_files(root)
    own = [file for file in changed if file in files]
    others = [file for file in changed if file not in files]
    if not others:
        return sorted(own)
    if any(file.suffix != ".py" or file.name in ("conftest.py", "__init__.py") for file in others):
        return files
    words = _with_users(root, {file.stem for file in others}, files)
    named = {file for file in files if file.stem.removeprefix("test_") in words or _names(file, words)}
    return sorted({*own, *named}) if named else files


def _with_users(root: Path, words: set[str], tests: Collection[Path]) -> set[str]:
    """The names of modules and of those that name them, directly or not."""
    sources = {
        file for file in files_below(root) if file.suffix == ".py" and file not in tests and file.name != "__init__.py"
    }
    while True:
        users = {file for file in sources if file.stem not in words and _names(file, words)}
        if not users:
            return words
        words = words | {file.stem for file in users}


def _names(file: Path, words: Collection[str]) -> bool:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in words)
