"""What a project declares to need, in its metadata and in its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from localagent.manifest.plain import is_mapping, texts_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from localagent.diagnostics.project import Project
    from localagent.manifest.composing import KeyPath


@dataclass(frozen=True, slots=True)
class Declared:
    """A requirement.

    Attributes:
        name: the distribution's, normalised.
        text: as it is written.
        path: where it is, in the manifest or in ``pyproject.toml``.
        is_optional: whether it belongs to an extra.
    """

    name: str
    text: str
    path: KeyPath
    is_optional: bool


def distributed_requirements(project: Project) -> tuple[Declared, ...] | None:
    """What ``pyproject.toml`` declares, extras included; None where only a build would tell."""
    pyproject = project.readable_pyproject
    if pyproject is None:
        return None
    metadata = pyproject.table("project")
    if not metadata or {"dependencies", "optional-dependencies"} & set(texts_in(metadata.get("dynamic"))):
        return None
    extras = metadata.get("optional-dependencies")
    found = list(_declared(metadata.get("dependencies"), ("project", "dependencies"), is_optional=False))
    for extra, listed in (extras if is_mapping(extras) else {}).items():
        found += _declared(listed, ("project", "optional-dependencies", extra), is_optional=True)
    return tuple(found)


def manifest_requirements(project: Project) -> tuple[Declared, ...]:
    """What the manifest declares."""
    return tuple(
        each
        for key in ("required", "optional")
        for each in _declared(project.items("dependencies", key), ("dependencies", key), is_optional=key == "optional")
    )


def _declared(listed: Any, path: KeyPath, *, is_optional: bool) -> Iterator[Declared]:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for index, text in enumerate(texts_in(listed)):
        try:
            yield Declared(canonicalize_name(Requirement(text).name), text, (*path, index), is_optional)
        except InvalidRequirement:
            # What is no requirement is another rule's finding.
            continue
