"""A process in which pytest is loaded already: each run of tests is a fork of it, so that none sees what another left.

Run as ``python -m localagent_testing.warm``. Each line of its standard input is a JSON object with ``arguments`` for
pytest and the folder ``path`` to run in; for each it prints one with the exit ``code`` and the ``output``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WARM = (
    "localagent",
    "localagent_testing.framework",
    "localagent_testing.report",
    "rich",
    "ruamel.yaml",
    "typer",
    "typer.rich_utils",
    "typer.testing",
)
"""What nearly every test of a plugin imports, besides pytest and its plugins."""
_FOR_THIS_MODULE = ("localagent", "localagent_testing")
"""What Python imported to find this module."""

_UNTOLD = ("-W", "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning")
"""It is loaded on purpose, and none of the plugin's own."""


def main() -> None:
    """Run tests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Nothing else may come between the answers.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    _warm_up()
    # What is here stays for good: no fork need look through it for garbage, or copy it for that.
    gc.freeze()
    for line in sys.stdin:
        wanted: dict[str, Any] = json.loads(line)
        code, text = _forked(wanted["arguments"], wanted["path"])
        print(json.dumps({"code": code, "output": text}), file=answers, flush=True)


def _warm_up() -> None:
    """Have pytest look for tests where there are none: so all its plugins are imported in the way it wants them.

    pytest rewrites modules of this distribution when they are imported, and warns of those that it comes too late for,
    which is an error where a plugin's project says so.
    """
    import pytest

    for name in _FOR_THIS_MODULE:
        del sys.modules[name]
    with tempfile.TemporaryDirectory() as nothing:
        words = ["--collect-only", "-q", "-p", "no:cacheprovider", "--rootdir", nothing, nothing]
        pytest.main(words, plugins=[_Importing()])


class _Importing:
    """A plugin of pytest's that imports what tests will want, while pytest rewrites it."""

    def pytest_configure(self) -> None:
        from importlib import import_module

        for name in _WARM:
            import_module(name)


def _forked(arguments: Sequence[str], path: str) -> tuple[int, str]:
    """Exit code and output of pytest in a fork of this process."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            _run(arguments, path, output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(errors="replace")


def _run(arguments: Sequence[str], path: str, output: int) -> None:
    """Run pytest and end this process."""
    import pytest

    code = 3
    try:
        # Whoever waits for this process's parent to end waits for all who could still write to it.
        os.closerange(3, output)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.chdir(path)
        sys.path.insert(0, path)
        _read_from_source(Path(path), arguments)
        code = int(pytest.main([*_UNTOLD, *arguments]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _read_from_source(path: Path, arguments: Sequence[str]) -> None:
    """Run what is saved now: bytecode of the save before may be of the same second and size.

    pytest has bytecode of its own for tests and ``conftest.py``, and no way to say that it be left alone. What was
    written in a later second than its source was saved in cannot be mistaken, and spares half of a short run.
    """
    from localagent.host import uncached

    uncached.read_from_source(path)
    folders = {folder for word in arguments if (file := path / word).is_file() for folder in file.parents}
    for folder in folders:
        if folder == path or path in folder.parents:
            for kept in (folder / "__pycache__").glob("*-pytest-*.pyc"):
                source = folder / f"{kept.name.partition('.')[0]}.py"
                if source.is_file() and int(kept.stat().st_mtime) <= int(source.stat().st_mtime):
                    kept.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
