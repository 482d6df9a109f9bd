"""Forks that run pytest: one that begins when it is asked, and one that has come as far as it can before."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_UNTOLD = ("-W", "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning")
"""It is loaded on purpose, and none of the plugin's own."""
_BROKEN = 3
"""pytest's exit code for an error of its own."""
_SETTINGS = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
    "conftest.py",
)
"""What pytest itself reads, in the folder of the tests and in those above it."""
_INSTALLED = f"{os.sep}site-packages{os.sep}"
_NOT_MINE = 120
"""Exit code of a fork that is not the one to run the tests that it was asked for."""


class Tests(NamedTuple):
    """What is to be run.

    Attributes:
        path: the folder to run in.
        options: what pytest is told.
        files: those with the tests.
    """

    path: str
    options: tuple[str, ...]
    files: tuple[str, ...]


def run_in_fork(tests: Tests) -> tuple[int, str]:
    """Exit code and output of pytest in a fork of this process."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            _run(tests, output.fileno(), None)
        _, status = os.waitpid(child, 0)
        return _ended(status), _text(output.fileno())


class Standby:
    """A fork in which pytest has read its settings, a third of the time of a short run, and waits to be asked.

    Args:
        tests: what it will most likely be asked for; other files of the same folder will do, too.
    """

    def __init__(self, tests: Tests) -> None:
        self._about = tests.path, tests.options
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it is the fork's until that has ended
        asked, self._asking = os.pipe()
        self._child = os.fork()
        if not self._child:
            os.close(self._asking)
            _run(tests, self._output.fileno(), asked)
        os.close(asked)

    def run(self, tests: Tests) -> tuple[int, str] | None:
        """Exit code and output of pytest; None where it cannot be the one to run these tests. It ends with this."""
        is_meant = self._about == (tests.path, tests.options)
        words = json.dumps(tests.files).encode() if is_meant else b""
        # What ended by itself reads no more.
        with contextlib.suppress(BrokenPipeError), os.fdopen(self._asking, "wb") as asking:
            asking.write(words)
        _, status = os.waitpid(self._child, 0)
        with self._output:
            code = _ended(status)
            return None if code == _NOT_MINE else (code, _text(self._output.fileno()))


class _Waiting:
    """A plugin of pytest's that waits, when the settings are read and nothing is collected yet, for what to run.

    Args:
        tests: what the settings are read for.
        asked: the end of a pipe that tells the files.

    Attributes:
        is_asked: whether it runs them.
    """

    def __init__(self, tests: Tests, asked: int) -> None:
        self._tests = tests
        self._asked = asked
        self._settings = _settings_of(tests)
        self.is_asked = False

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Wait, before the clock of the session begins to run; end where what was read holds no longer."""
        with os.fdopen(self._asked, "rb") as asked:
            words = asked.read()
        files = tuple(json.loads(words)) if words else ()
        folders = self._tests.path, str(session.config.rootpath)
        if not files or self._settings != _settings_of(self._tests) or any(map(_has_imported, folders)):
            os._exit(_NOT_MINE)
        self.is_asked = True
        _read_from_source(Path(self._tests.path), files)
        session.config.args = list(files)


def _settings_of(tests: Tests) -> dict[Path, tuple[int, int]]:
    """The files that may have said something before any test is collected, and what tells whether they changed."""
    root = Path(tests.path)
    # What other plugins of pytest's read, nobody knows; it lies beside the plugin's manifest, and is no source.
    own = [file for file in root.iterdir() if file.suffix != ".py" and file.is_file()] if root.is_dir() else []
    folders = {root, *root.parents, *_folders_of(root, tests.files)}
    found: dict[Path, tuple[int, int]] = {}
    for file in (*own, *(folder / name for folder in folders for name in _SETTINGS)):
        with contextlib.suppress(OSError):
            about = file.stat()
            found[file] = about.st_mtime_ns, about.st_size
    return found


def _has_imported(folder: str) -> bool:
    """Whether own modules of a folder run already, as its ``conftest.py`` may need: they may have changed since."""
    files = (getattr(module, "__file__", None) for module in tuple(sys.modules.values()))
    return any(
        isinstance(file, str) and file.startswith(f"{folder}{os.sep}") and _INSTALLED not in file for file in files
    )


def _run(tests: Tests, output: int, asked: int | None) -> None:
    """Run pytest and end this process."""
    code = _BROKEN
    waiting = None
    try:
        # Whoever waits for this process's parent to end waits for all who could still write to it.
        _close_all_but((output, asked))
        os.dup2(output, 1)
        os.dup2(output, 2)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.chdir(tests.path)
        sys.path.insert(0, tests.path)
        _read_from_source(Path(tests.path), tests.files)
        waiting = None if asked is None else _Waiting(tests, asked)
        plugins = [] if waiting is None else [waiting]
        code = int(pytest.main([*_UNTOLD, *tests.options, *tests.files], plugins=plugins))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        is_mine = asked is None or (waiting is not None and waiting.is_asked)
        os._exit(code if is_mine else _NOT_MINE)


def _close_all_but(kept: Collection[int | None]) -> None:
    first = 3
    for number in sorted(each for each in kept if each is not None):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _read_from_source(path: Path, files: Sequence[str]) -> None:
    """Run what is saved now: bytecode of the save before may be of the same second and size.

    pytest has bytecode of its own for tests and ``conftest.py``, and no way to say that it be left alone. What was
    written in a later second than its source was saved in cannot be mistaken, and spares half of a short run.
    """
    from localagent.host import uncached

    uncached.read_from_source(path)
    for folder in _folders_of(path, files):
        for kept in (folder / "__pycache__").glob("*-pytest-*.pyc"):
            source = folder / f"{kept.name.partition('.')[0]}.py"
            if source.is_file() and int(kept.stat().st_mtime) <= int(source.stat().st_mtime):
                kept.unlink(missing_ok=True)


def _folders_of(path: Path, files: Sequence[str]) -> Iterator[Path]:
    """The folders with tests, and those above them that lie in `path`."""
    above = {folder for word in files if (file := path / word).is_file() for folder in file.parents}
    return (folder for folder in above if folder == path or path in folder.parents)


def _ended(status: int) -> int:
    return os.waitstatus_to_exitcode(status)


def _text(output: int) -> str:
    os.lseek(output, 0, os.SEEK_SET)
    with os.fdopen(output, "rb", closefd=False) as file:
        return file.read().decode(errors="replace")
