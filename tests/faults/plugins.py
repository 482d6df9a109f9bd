"""Healthy and faulty plugins for this host, and where one cell of the table runs."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faults.catalogue import Fault
from generated import PLUGIN_GROUP, Distribution, consent, entry_point, install, package_of

HEALTHY = ("a-good", "c-good")
"""One comes before the faulty plugin and one after it, however plugins are ordered."""
FAULTY = "bad"

DISTURBANCES = '''
import io
import logging
import os
import signal


def disturbances():
    """What somebody changed that others rely on."""
    if os.getcwd() != os.environ["EXPECTED_FOLDER"]:
        yield "the current folder"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield "signal handlers"
    if any(isinstance(getattr(each, "stream", None), io.StringIO) for each in logging.getLogger().handlers):
        yield "logging"
'''
"""Source of a module that tells a healthy plugin whether somebody got in its way."""

_HEALTHY = """
from localagent import CommandPlugin
from {package}.disturbed import disturbances


class ThePlugin(CommandPlugin):
    name = "{name}"
    version = "1.0"
    description = "A healthy plugin."

    def register_commands(self, app):
        @app.command("{name}")
        def the_command():
            print("disturbed:" if list(disturbances()) else "hello from", "{name}", *disturbances(), flush=True)

    async def cleanup(self):
        print("goodbye from {name}", flush=True)
"""

_FAULTY = """
from localagent import CommandPlugin
{import_}

class ThePlugin(CommandPlugin):
    name = "{name}"
    version = "1.0"
    description = "A faulty plugin."

    def __init__(self):
        super().__init__()
{construct}

    async def initialize(self, context):
{initialise}
        return True

    def register_commands(self, app):
        @app.command("{name}")
        def the_command():
{command}
            print("hello from {name}")

    async def cleanup(self):
{cleanup}
"""


def healthy(name: str) -> Distribution:
    """A plugin that says hello when called and goodbye when it goes, if nobody got in its way."""
    package = package_of(name)
    files = {f"{package}/__init__.py": _HEALTHY.format(name=name, package=package)}
    files[f"{package}/disturbed.py"] = DISTURBANCES
    return Distribution(name, entry_point(PLUGIN_GROUP, name, f"{package}:ThePlugin"), files)


def faulty(name: str, fault: Fault, step: str) -> Distribution:
    """A plugin that does something wrong at one step."""
    package = package_of(name)
    depths = {"import": 0, "construct": 8, "initialise": 8, "command": 12, "cleanup": 8}
    codes = {each: textwrap.indent("pass", " " * depth) for each, depth in depths.items()}
    code = fault.at_import if step == "import" and fault.at_import is not None else fault.code
    codes[step] = textwrap.indent(code.replace("{package}", package) or "pass", " " * depths[step])
    source = _FAULTY.format(name=name, import_=codes.pop("import"), **codes)
    target = (fault.target if step == "import" else "{package}:ThePlugin").replace("{package}", package)
    files = {f"{package}/__init__.py": source, f"{package}/torn.py": "def broken(:\n"}
    return Distribution(name, entry_point(PLUGIN_GROUP, name, target), files)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where plugins are tried: a folder of packages, a home, a current folder."""

    folder: Path

    @property
    def site(self) -> Path:
        """The folder with their packages."""
        return self.folder / "site"

    @property
    def home(self) -> Path:
        """The user's home of this host."""
        return self.folder / "home"

    @property
    def work(self) -> Path:
        """The current folder."""
        return self.folder / "work"

    @property
    def env(self) -> dict[str, str]:
        """The environment variables of a process there; none of the developer's own leaks in."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        own = {"LOCALAGENT_HOME": str(self.home), "EXPECTED_FOLDER": str(self.work), "PYTHONPATH": str(self.site)}
        return kept | own | {"HOME": str(self.folder), "COLUMNS": "200"}

    def furnish(self, distributions: Iterable[Distribution]) -> Stage:
        """Install distributions here and agree to their running."""
        made = list(distributions)
        self.work.mkdir(parents=True)
        install(self.site, made)
        consent(self.home, [each.name for each in made])
        return self

    def cli(self, *words: str) -> list[str]:
        """A command line of this host."""
        return [sys.executable, "-m", "localagent_cli", *words]

    def program(self, *words: str) -> list[str]:
        """A program that loads every plugin into one process and runs each of these commands there."""
        return [sys.executable, str(Path(__file__).with_name("host_program.py")), *words]
