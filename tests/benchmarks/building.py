"""What building a plugin and checking what was built cost, against the tools that do only one of them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop

_BACKENDS = {
    "hatchling": ("hatchling>=1.27", "hatchling.build", '[tool.hatch.build.targets.wheel]\npackages = ["notes"]\n'),
    "setuptools": (
        "setuptools>=77",
        "setuptools.build_meta",
        '[tool.setuptools]\npackages = ["notes"]\n[tool.setuptools.package-data]\nnotes = ["*.yaml"]\n',
    ),
}
_NETWORK = ("PIP_", "UV_", "SSL_CERT_", "HTTPS_PROXY", "NO_PROXY")
_PROJECT = """\
[build-system]
requires = ["{need}"]
build-backend = "{hooks}"

[project]
name = "localagent-notes"
version = "1.0.0"
description = "Keeps notes"
readme = "README.md"
requires-python = ">=3.11"

[project.entry-points."localagent.plugins.commands"]
notes = "notes.plugin:Notes"

{table}"""
_MANIFEST = """\
name: notes
version: "1.0.0"
description: Keeps notes
plugin_types: [command]
entry_points: {commands: [{name: notes, class: "notes.plugin:Notes"}]}
"""
_PLUGIN = """\
from localagent import CommandPlugin


class Notes(CommandPlugin):
    name = "notes"

    def register_commands(self, app):
        app.command("hello")(lambda: print("hello"))
"""

ROWS = (
    *(
        Row(
            f"dev build ({backend}) against {peer}",
            Quantity(f"{backend}: dev build"),
            Quantity(f"{backend}: {peer}"),
            goal,
        )
        for backend, goals in (("hatchling", (0.10, 0.6)), ("setuptools", (0.20, 0.6)))
        for peer, goal in (("python -m build", goals[0]), ("build --no-isolation", goals[1]), ("uv build", None))
    ),
    Row("dev validate of a wheel against twine check --strict", Quantity("dev validate"), Quantity("twine check")),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part; each builds sdist and wheel anew."""
    place = workshop.place("light", 0, "-building")
    uv = workshop.peer("uv")
    # What an isolated build installs comes from where pip and uv are configured to look, over this machine's network.
    env = place.env | {name: value for name, value in os.environ.items() if name.startswith(_NETWORK)}
    for backend in _BACKENDS:
        project = workshop.work / f"notes-{backend}"
        _write(project, backend)
        forget = functools.partial(_forget, project)
        build = (place.python, "-m", "build", ".")
        takers = {
            "dev build": (place.localagent, "dev", "build", "."),
            "python -m build": build,
            "build --no-isolation": (*build, "--no-isolation"),
            **({"uv build": (uv, "build", "--python", place.python, ".")} if uv else {}),
        }
        for name, argv in takers.items():
            yield Contestant(f"{backend}: {name}", argv, env, project, forget)
    twine = workshop.peer("twine")
    if twine:
        project = workshop.work / "notes-built"
        _write(project, "hatchling")
        subprocess.run((place.localagent, "dev", "build", "."), cwd=project, env=env, check=True, capture_output=True)
        wheel = next(project.glob("dist/*.whl")).name
        dist = project / "dist"
        yield Contestant("dev validate", (place.localagent, "dev", "validate", wheel), env, dist)
        yield Contestant("twine check", (twine, "check", "--strict", wheel), workshop.peer_env(), dist)


def _write(project: Path, backend: str) -> None:
    need, hooks, table = _BACKENDS[backend]
    (project / "notes").mkdir(parents=True)
    files = {
        "pyproject.toml": _PROJECT.format(need=need, hooks=hooks, table=table),
        "README.md": "# Notes\n",
        "notes/__init__.py": "",
        "notes/plugin.py": _PLUGIN,
        "notes/plugin-manifest.yaml": _MANIFEST,
    }
    for path, text in files.items():
        (project / path).write_text(text, encoding="utf-8")


def _forget(project: Path) -> None:
    for left in ("dist", "build", "localagent_notes.egg-info"):
        shutil.rmtree(project / left, ignore_errors=True)
