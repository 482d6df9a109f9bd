"""A second plugin in a ``pyproject.toml``, whose comments and layout stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.manifest.plain import is_list
from localagent_cli.scaffold.requirements import missing_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_EXTRAS = ("test",)
"""The extras whose requirements a plugin brings along; others are the project's own business."""


def pyproject_with(text: str, added: Mapping[str, Any], *, package: str, folder: str, file: Path) -> str:
    """The text of a ``pyproject.toml`` with the entry points and requirements of another project.

    Args:
        text: the project's.
        added: the other one's, as plain values.
        package: the package that the added plugin is, with dots.
        folder: its folder, relative to the project.
        file: the project's file, for messages.

    Raises:
        ConfigError: the file is no TOML, or its metadata are somewhere else.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(text)
    except TOMLKitError as problem:
        raise ConfigError(f"this is not TOML: {problem}", file=file) from problem
    project = document.get("project")
    if project is None or "entry-points" in project.get("dynamic", ()):
        raise ConfigError(
            "the entry points are not in its [project], so none can be added",
            file=file,
            fix="move the metadata from setup.py or setup.cfg into [project]",
        )
    _add_metadata(project, added["project"])
    _add_to_tools(document.get("tool", {}), package, folder)
    whole = tomlkit.dumps(document)
    return whole if text.endswith("\n\n") else whole.rstrip("\n") + "\n"


def _add_metadata(project: Any, added: Mapping[str, Any]) -> None:
    groups = project.setdefault("entry-points", {})
    for group, entries in added["entry-points"].items():
        if group in groups:
            groups[group].update(entries)
        else:
            groups[group] = _table_apart(entries)
    if "dependencies" not in project.get("dynamic", ()):
        _require(project.setdefault("dependencies", []), added.get("dependencies", []))
    extras = project.get("optional-dependencies", {})
    for extra in _EXTRAS:
        if extra in extras:
            _require(extras[extra], added.get("optional-dependencies", {}).get(extra, []))


def _table_apart(entries: Mapping[str, Any]) -> Any:
    """A table with a blank line below it, as a table that follows does without one of its own."""
    import tomlkit

    table: Any = tomlkit.table()
    table.update(entries)
    table.add(tomlkit.nl())
    return table


def _require(present: Any, wanted: Iterable[str]) -> None:
    for requirement in missing_requirements(present, wanted):
        present.append(requirement)


def _add_to_tools(tools: Any, package: str, folder: str) -> None:
    """Where a tool is told each package or folder by name, tell it this one."""
    parent = package.rpartition(".")[0]
    setuptools = tools.get("setuptools", {})
    packages = setuptools.get("packages")
    if is_list(packages) and parent in packages:
        packages.append(package)
        setuptools.setdefault("package-data", {})[package] = ["*.json"]
    included = tools.get("basedpyright", {}).get("include", [])
    if included and not any(folder == each or folder.startswith(f"{each.rstrip('/')}/") for each in included):
        included.append(folder)
