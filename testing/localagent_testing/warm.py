"""A process in which pytest is loaded already: each run of tests is a fork of it, so that none sees what another left.

Run as ``python -m localagent_testing.warm``. Each line of its standard input is a JSON object with the folder ``path``
to run in, the ``options`` for pytest and the ``files`` with the tests; for each it prints one with the exit ``code``
and the ``output``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

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


def main() -> None:
    """Run tests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Nothing else may come between the answers.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    _warm_up()
    # What is here stays for good: no fork need look through it for garbage, or copy it for that.
    gc.freeze()
    # Only now, as pytest rewrites this distribution.
    from localagent_testing.standby import Standby, Tests, run_in_fork

    standby = None
    for line in sys.stdin:
        wanted: dict[str, Any] = json.loads(line)
        tests = Tests(wanted["path"], tuple(wanted["options"]), tuple(wanted["files"]))
        code, text = (standby and standby.run(tests)) or run_in_fork(tests)
        print(json.dumps({"code": code, "output": text}), file=answers, flush=True)
        # As a rule, the same tests follow.
        standby = Standby(tests)


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


if __name__ == "__main__":
    main()
