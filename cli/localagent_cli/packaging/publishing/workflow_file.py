"""The workflow by which GitHub releases a plugin when a tag is pushed."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from localagent.errors import UsageError
from localagent.services.files import write_text
from localagent_templates import template_root

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = (".github", "workflows", "release.yml")
_LOWEST = "3.11"


def write_workflow(project: Path) -> Path:
    """Write the template's release workflow into a project; the file that was written.

    Raises:
        UsageError: there is one of that name, or the folder holds no project.
        SystemProblem: it cannot be written.
    """
    target = project.joinpath(*_PLACE)
    if target.exists():
        raise UsageError("there is a release workflow already", file=target, fix="edit it, or remove it first")
    if not (project / "pyproject.toml").is_file():
        raise UsageError("not a project: no pyproject.toml", file=project, fix="localagent dev publish PATH")
    (source,) = template_root().rglob("*release.yml*.jinja")
    text = source.read_text(encoding="utf-8").replace("{{ python_min_version }}", _lowest_python(project))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, text)
    return target


def _lowest_python(project: Path) -> str:
    """The lowest Python that the project allows, by its first digits."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        allowed = SpecifierSet(metadata.get("requires-python", ""))
    except (tomllib.TOMLDecodeError, InvalidSpecifier, UnicodeDecodeError):
        return _LOWEST
    fitting = (f"3.{minor}" for minor in range(11, 30) if allowed.contains(f"3.{minor}.99"))
    return next(fitting, _LOWEST)
