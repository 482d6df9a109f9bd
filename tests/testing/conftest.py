"""Plugins to test and processes to test them in, all below one temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest

from plain import GREETER_MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = '''
def register_commands(self, app):
    @app.command("greet")
    def greet() -> None:
        """Greet everybody."""
    @app.command("wave")
    def wave() -> None:
        """Wave."""
'''


@dataclass(frozen=True)
class Workshop:
    """Makes the flat plugin ``greeter`` and runs pytest."""

    folder: Path

    def plugin(
        self, body: str = COMMANDS, *, head: str = "", base: str = "CommandPlugin", files: dict[str, str] | None = None
    ) -> Path:
        """The folder of a plugin whose class holds `body` besides its name; `head` stands before the class."""
        imports = f"import localagent\nfrom localagent import {base}\n"
        source = (
            f"{imports}{dedent(head)}\n\nclass Greeter({base}):\n    name = 'greeter'\n{indent(dedent(body), '    ')}"
        )
        texts = {"plugin-manifest.yaml": GREETER_MANIFEST, "__init__.py": "", "plugin.py": source}
        return self.write("greeter", texts | (files or {}))

    def write(self, name: str, files: dict[str, str]) -> Path:
        """A folder with files; those whose text is empty exist too."""
        for path, text in files.items():
            file = self.folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        return self.folder / name

    def pytest(self, *words: str, at: Path, alone: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run pytest in `at`, with nothing of the surrounding run in its environment.

        Of the pytest plugins only ours is loaded, which is quicker, unless it shall not be `alone`.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LOCALAGENT_"))}
        ours = ("-p", "localagent") if alone else ()
        switch = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if alone else {}
        return subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", *ours, *words],
            cwd=at,
            env=kept | {"LOCALAGENT_HOME": str(self.folder / "home")} | switch | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
