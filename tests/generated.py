"""Distributions made up on the spot and put into a folder as an installer would put them there."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLUGIN_GROUP = "localagent.plugins.commands"

_COSTLY = """
import time
_end = time.process_time() + {seconds}
while time.process_time() < _end:
    pass
"""

_PLUGIN = """
from localagent import CommandPlugin


class ThePlugin(CommandPlugin):
    name = "{name}"
    version = "1.0"
    description = "The plugin {name}."

    def register_commands(self, app):
        @app.command("{name}")
        def the_command(who: str = "{name}"):
            "Greet somebody."
            print("hello from", who)
"""

_MANIFEST = """\
schema_version: 1
name: {name}
version: "1.0"
description: The plugin {name}.
plugin_types:
  - command
entry_points:
  commands:
    - name: {name}
      class: "{package}:ThePlugin"
      commands:
        - name: {name}
          help: Greet somebody.
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is to be installed.

    Attributes:
        entry_points: the text of ``entry_points.txt``, or its bytes where it is to be no text.
        files: texts by their path below the folder of all packages.
    """

    name: str
    entry_points: str | bytes
    files: Mapping[str, str] = field(default_factory=dict[str, str])


def package_of(name: str) -> str:
    """The import package of a distribution made here."""
    return name.replace("-", "_")


def plugin(name: str, *, seconds: float = 0.0, manifest: bool = True) -> Distribution:
    """A plugin for this host with one command that is called as the plugin is.

    Args:
        seconds: what importing it costs, in CPU time.
        manifest: whether it declares its command.
    """
    package = package_of(name)
    cost = _COSTLY.format(seconds=seconds) if seconds else ""
    files = {f"{package}/__init__.py": cost + _PLUGIN.format(name=name)}
    if manifest:
        files[f"{package}/plugin-manifest.yaml"] = _MANIFEST.format(name=name, package=package)
    return Distribution(name, entry_point(PLUGIN_GROUP, name, f"{package}:ThePlugin"), files)


def entry_point(group: str, name: str, target: str) -> str:
    """The text of an ``entry_points.txt`` with one line."""
    return f"[{group}]\n{name} = {target}\n"


def install(site: Path, distributions: Iterable[Distribution]) -> None:
    """Write distributions into a folder of an import path, RECORD last as installers do."""
    for distribution in distributions:
        info = site / f"{package_of(distribution.name)}-1.0.dist-info"
        info.mkdir(parents=True)
        for path, text in distribution.files.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(textwrap.dedent(text), encoding="utf-8")
        headers = f"Metadata-Version: 2.1\nName: {distribution.name}\nVersion: 1.0\nSummary: It was made up.\n"
        (info / "METADATA").write_text(headers, encoding="utf-8")
        entry_points = distribution.entry_points
        (info / "entry_points.txt").write_bytes(
            entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        )
        (info / "RECORD").write_text("", encoding="utf-8")


def consent(home: Path, names: Iterable[str]) -> None:
    """Say that these plugins may run, as enabling each of them would."""
    home.mkdir(parents=True, exist_ok=True)
    agreed = {name: {"enabled": True, "sources": [f"distribution:{name}"], "version": "1.0"} for name in names}
    (home / "plugins.lock").write_text(json.dumps({"version": 1, "plugins": agreed}), encoding="utf-8")
