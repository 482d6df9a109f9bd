"""The version that a build would give the distribution, read without running what it is read from."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from localagent.diagnostics.diagnostic import Place
from localagent.errors import ManifestError
from localagent.manifest.decoding import read_bytes
from localagent.manifest.layout import inside
from localagent.manifest.plain import is_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.pyproject import Pyproject

# As hatchling's own source of versions reads a file, unless it is given another pattern.
_HATCHLINGS = re.compile(r"""(?im)^(?:__version__|VERSION) *= *(['"])v?(?P<version>.+?)\1""")


class DistributedVersion(NamedTuple):
    """A version and the place that it is written at."""

    text: str
    where: Place


def distributed_version(project: Project) -> DistributedVersion | None:
    """The version in the metadata, or where they send a build to; None where only a build would tell.

    Understood are ``attr`` and ``file`` of setuptools and ``path`` of hatchling.
    """
    pyproject = project.readable_pyproject
    if pyproject is None:
        return None
    metadata = pyproject.table("project")
    version, dynamic = metadata.get("version"), metadata.get("dynamic")
    if isinstance(version, str):
        return DistributedVersion(version, pyproject.where(("project",), "version"))
    if not (is_list(dynamic) and "version" in dynamic):
        return None
    backend = pyproject.table("build-system").get("build-backend")
    reading = _BACKENDS.get(backend) if isinstance(backend, str) else None
    return reading(project, pyproject) if reading else None


def _of_setuptools(project: Project, pyproject: Pyproject) -> DistributedVersion | None:
    match pyproject.table("tool", "setuptools", "dynamic").get("version"):
        case {"attr": str(attribute)}:
            return _of_attribute(project, attribute)
        case {"file": str(name)} | {"file": [str(name)]}:
            return _first_line(project.root, name)
        case _:
            return None


def _of_hatchling(project: Project, pyproject: Pyproject) -> DistributedVersion | None:
    table = pyproject.table("tool", "hatch", "version")
    name = table.get("path")
    if not isinstance(name, str) or not set(table) <= {"path", "source"} or table.get("source", "regex") != "regex":
        return None
    file, text = _text(project.root, name)
    found = _HATCHLINGS.search(text)
    if file is None or found is None:
        return None
    start = found.start("version")
    line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    return DistributedVersion(found["version"], Place(file, line, column))


def _of_attribute(project: Project, attribute: str) -> DistributedVersion | None:
    """The value that a module gives a name, where it is a literal; setuptools would import the module otherwise."""
    module, _, name = attribute.rpartition(".")
    file = project.module_file(module) if module else None
    if file is None:
        return None
    source = project.source(file)
    for statement in source.tree.body if source.tree else ():
        match statement:
            case ast.Assign(targets=targets, value=value) if any(_is_name(each, name) for each in targets):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _is_name(target, name):
                pass
            case _:
                continue
        text = _as_version(value)
        return DistributedVersion(text, source.place(value)) if text else None
    return None


def _first_line(root: Path, name: str) -> DistributedVersion | None:
    file, text = _text(root, name)
    line = text.strip()
    if file is None or not line or "\n" in line:
        return None
    return DistributedVersion(line, Place(file, 1, 1))


def _text(root: Path, name: str) -> tuple[Path | None, str]:
    """The file called `name` in the project, and what it holds; nothing where it cannot be read."""
    file = inside(root, name)
    if file is None:
        return None, ""
    try:
        return file, read_bytes(file).decode("utf-8-sig", "replace")
    except ManifestError:
        return None, ""


def _is_name(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _as_version(value: ast.expr) -> str:
    """The text of a literal; setuptools joins the parts of a tuple by dots."""
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return ".".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        case _:
            return ""


_BACKENDS: dict[str, Callable[[Project, Pyproject], DistributedVersion | None]] = {
    "setuptools.build_meta": _of_setuptools,
    "setuptools.build_meta:__legacy__": _of_setuptools,
    "hatchling.build": _of_hatchling,
}
