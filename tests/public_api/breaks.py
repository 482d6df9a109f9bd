"""What two trees offer under their public names, and what the newer one of them took away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import griffe

PACKAGES = {"localagent": "sdk", "localagent_cli": "cli", "localagent_testing": "testing"}
"""Folder of each package whose ``__all__`` is a promise."""


@dataclass(frozen=True, order=True)
class Break:
    """Something public that is no longer what it was.

    Attributes:
        name: as users write it, such as ``localagent.Host.open``.
        what: one sentence.
    """

    name: str
    what: str


def breaks(before: Path, after: Path) -> list[Break]:
    """What is gone or asks for more in the tree `after`, as seen by those who import public names only."""
    old, new = _packages(before), _packages(after)
    found = {broken for name in old.keys() & new.keys() for broken in _breaks(old[name], new[name])}
    gone = {Break(name, "the package is gone") for name in old.keys() - new.keys()}
    return sorted(found | gone)


def _packages(tree: Path) -> dict[str, griffe.Object | griffe.Alias]:
    """The packages of a tree by their names, read without importing them."""
    there = {name: tree / folder for name, folder in PACKAGES.items() if (tree / folder / name).is_dir()}
    loader = griffe.GriffeLoader(search_paths=list(there.values()), allow_inspection=False)
    loaded = {name: loader.load(name) for name in there}
    loader.resolve_aliases(implicit=True, external=False)
    return loaded


def _breaks(old: griffe.Object | griffe.Alias, new: griffe.Object | griffe.Alias) -> Iterator[Break]:
    public = dict(_public_names(old))
    for name in sorted(_exported(old) - _exported(new)):
        yield Break(f"{old.path}.{name}", "it is no longer in __all__")
    for found in griffe.find_breaking_changes(old, new):
        touched = _public_name(found.obj.path, public)
        if touched is not None:
            yield Break(touched, _sentence(found))


def _exported(package: griffe.Object | griffe.Alias) -> set[str]:
    return {str(name) for name in package.exports or ()}


def _public_names(package: griffe.Object | griffe.Alias) -> Iterator[tuple[str, str]]:
    """Where each public name is defined, and the name."""
    for name in _exported(package):
        member = package.members[name]
        yield member.path, member.path
        if isinstance(member, griffe.Alias):
            yield member.target_path, member.path


def _public_name(path: str, public: dict[str, str]) -> str | None:
    """How users write what is defined at `path`; none if it is an implementation's own."""
    outer, below = path, ""
    while outer:
        if outer in public:
            return public[outer] + below
        outer, _, last = outer.rpartition(".")
        below = f".{last}{below}"
    return None


def _sentence(found: griffe.Breakage) -> str:
    values = [getattr(value, "name", value) for value in (found.old_value, found.new_value)]
    before, after = ("" if value is None else str(value) for value in values)
    return f"{found.kind.value}: {before} -> {after or 'nothing'}"
