"""What installing a plugin costs, against pip's shortest ways to the same."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Place, Workshop
from localagent_cli.packaging.build import build_project
from plain import command_plugin

_NAME = "notes"
_PYPROJECT = f"""\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{_NAME}"
version = "1.2.3"
dependencies = ["rich"]

[project.entry-points."localagent.plugins.commands"]
{_NAME} = "{_NAME}.plugin:ThePlugin"
"""
_MANIFEST = f"""\
name: {_NAME}
version: "1.2.3"
description: A plugin that is installed again and again.
plugin_types: [command]
entry_points:
  commands:
    - name: {_NAME}
      class: "{_NAME}.plugin:ThePlugin"
"""

ROWS = (
    Row(
        "plugins install WHEEL --no-enable (nothing else missing) against pip install --target",
        Quantity("install a wheel"),
        Quantity("pip install --target"),
        1.3,
    ),
    Row(
        "plugins install -e PATH --no-enable against pip install -e",
        Quantity("link"),
        Quantity("pip install -e"),
        0.15,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part; each begins where nothing is installed."""
    place = workshop.place("light", 0, "-installing")
    project = _project(workshop.work / "project")
    wheel = build_project(project, out=workshop.work / "wheels", sdist=False).wheel
    target = workshop.work / "target"
    again = functools.partial(_forget, place, target)
    install = (place.localagent, "plugins", "install", "--yes", "--no-enable")
    pip = (place.python, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check")
    yield Contestant("install a wheel", (*install, str(wheel)), place.env, workshop.work, again)
    to_target = (*pip, "--target", str(target), str(wheel))
    yield Contestant("pip install --target", to_target, place.env, workshop.work, again)
    yield Contestant("link", (*install, "-e", str(project)), place.env, workshop.work, again)
    yield Contestant("pip install -e", (*pip, "-e", str(project)), place.env, workshop.work, again)


def _project(root: Path) -> Path:
    package = root / _NAME
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
    (package / "__init__.py").touch()
    (package / "plugin.py").write_text(command_plugin(_NAME), encoding="utf-8")
    (package / "plugin-manifest.yaml").write_text(_MANIFEST, encoding="utf-8")
    return root


def _forget(place: Place, target: Path) -> None:
    """Make everything as it was before the first installation."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(place.home / "environments", ignore_errors=True)
    (place.home / "plugins.lock").unlink(missing_ok=True)
    for left in place.site.glob(f"*{_NAME}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
