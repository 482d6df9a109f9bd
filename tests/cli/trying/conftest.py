"""Wheels of small plugins, and an index that is a folder."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from localagent import Host, HostOptions, PluginManager

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
name: greeter
version: "1.0.0"
description: Greets everybody
plugin_types: [command]
entry_points:
  commands:
    - name: greeter
      class: "greeter_package.plugin:Greeter"
      commands: [{name: greet, help: Greet everybody.}]
"""

PLUGIN = '''\
from localagent import CommandPlugin

class Greeter(CommandPlugin):
    name = "greeter"
    def register_commands(self, app):
        @app.command("greet")
        def greet():
            """Greet everybody."""
        @app.callback()
        def callback(): ...
'''

ENTRY_POINTS = "[localagent.plugins.commands]\ngreeter = greeter_package.plugin:Greeter\n"


@dataclass(frozen=True)
class Shelf:
    """Makes wheels in a folder; `index` is where installers look for others."""

    folder: Path
    index: Path

    def plugin(self, head: str = "", *, requires: tuple[str, ...] = (), files: dict[str, str] | None = None) -> Path:
        """The wheel of the plugin ``greeter``, in whose module `head` stands first."""
        texts = {"__init__.py": "", "plugin.py": dedent(head) + PLUGIN, "plugin-manifest.yaml": MANIFEST}
        return self.wheel(
            "greeter",
            {f"greeter_package/{path}": text for path, text in (texts | (files or {})).items()},
            requires=requires,
            entry_points=ENTRY_POINTS,
        )

    def offer(self, name: str, version: str = "1.0") -> Path:
        """A library in the index that tells its version."""
        return self.wheel(name, {f"{name}/__init__.py": f"VERSION = {version!r}\n"}, version=version, into=self.index)

    def wheel(
        self,
        name: str,
        files: dict[str, str],
        *,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
        entry_points: str = "",
        into: Path | None = None,
    ) -> Path:
        """A wheel with a right RECORD."""
        info = f"{name}-{version}.dist-info"
        needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
        members = files | {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": entry_points,
        }
        rows = [f"{path},{_digest(text)},{len(text.encode())}" for path, text in members.items()]
        members[f"{info}/RECORD"] = "\n".join((*rows, f"{info}/RECORD,,", ""))
        target = (into or self.folder) / f"{name}-{version}-py3-none-any.whl"
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w") as archive:
            for path, text in members.items():
                archive.writestr(path, text)
        return target


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Installers see the shelf's index and no other."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Shelf(tmp_path / "shelf", index)


@pytest.fixture
def manager(tmp_path: Path) -> PluginManager:
    return PluginManager(Host.open(HostOptions(home=tmp_path / "home")))
