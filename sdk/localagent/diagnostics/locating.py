"""The class that an entry point names, found in the text of the project's files."""

from __future__ import annotations

from dataclasses import dataclass

from localagent.diagnostics.source import lineage

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.project import Entry, Project
    from localagent.diagnostics.source import Lineage, Source

# Packages pass a class on through their __init__.py; more steps than this are a circle.
_LONGEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Located:
    """A class statement and the file it is in."""

    source: Source
    node: ast.ClassDef


@dataclass(frozen=True, slots=True)
class Lost:
    """No class of that name; `source` is the file in which the trail ends."""

    source: Source
    name: str


def locate(project: Project, entry: Entry) -> Located | Lost | None:
    """The class of `entry`; None where that cannot be told without running the code."""
    module, name = entry.module, entry.class_name
    for _ in range(_LONGEST_CHAIN):
        file = project.module_file(module)
        if file is None:
            return None
        source = project.source(file)
        if source.tree is None:
            return None
        node = source.class_named(name)
        if node is not None:
            return Located(source, node)
        imported = source.import_of(name)
        if imported is None:
            return None if source.may_define(name) else Lost(source, name)
        module, name = _absolute(imported[0], module, file), imported[1]
    return None


def entry_classes(project: Project) -> Iterator[tuple[Entry, Located, Lineage]]:
    """The classes that entry points name, each once, with the first entry point that does and its ancestors."""
    seen: set[int] = set()
    for entry in project.entries():
        found = locate(project, entry)
        if isinstance(found, Located) and id(found.node) not in seen:
            seen.add(id(found.node))
            yield entry, found, lineage(found.source, found.node)


def _absolute(imported: str, module: str, file: Path) -> str:
    """A module named in an import of `module`, without leading dots."""
    name = imported.lstrip(".")
    level = len(imported) - len(name)
    if not level:
        return name
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - level + 1], *([name] if name else [])])
