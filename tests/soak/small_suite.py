"""A repository with a few tests, on which the programs that run tests at length are tried."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from plain import Finished

TESTS = Path(__file__).parents[1]
INI = """
[pytest]
addopts = -m 'not soak' -p no:cacheprovider -p xdist -p pytest_randomly
markers = soak: long forms
"""


@dataclass(frozen=True)
class SmallSuite:
    """The repository, whose tests note in the file ``log`` what they do, and one of the programs."""

    program: str
    root: Path

    @classmethod
    def make(cls, program: str, tests: str, folder: Path) -> SmallSuite:
        """Made in `folder`, with the source of one module of tests."""
        root = folder / "suite"
        (root / "tests").mkdir(parents=True)
        (root / "tests" / "test_it.py").write_text(tests)
        (root / "pytest.ini").write_text(INI)
        (root / ".gitignore").write_text("__pycache__/\n")
        subprocess.run(["git", "init", "-q", root], check=True)
        return cls(program, root)

    def start(self, *words: str) -> subprocess.Popen[str]:
        places = (f"--root={self.root}", f"--kept={self.root.parent / 'kept.json'}")
        # The suite needs none of the plugins that take their time to start.
        env = os.environ | {"PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        argv = [sys.executable, "-m", self.program, *places, *words]
        return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __call__(self, *words: str) -> Finished:
        with self.start("--jobs=1", *words) as process:
            out, err = process.communicate()
        return Finished(process.returncode, out, err)

    def ran(self) -> list[str]:
        """What the tests noted since the last call."""
        log = self.root / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines
