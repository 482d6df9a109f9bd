"""The Python files that a plugin ships, as far as its source tree tells."""

from __future__ import annotations

from localagent.diagnostics.built import top_level_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.source import Source

# In a flat layout the project's folder is the package, and these lie beside its modules.
_NOT_SHIPPED = frozenset({"conftest.py", "fabfile.py", "noxfile.py", "setup.py", "tasks.py"})
_NO_PACKAGES = frozenset({"build", "dist", "docs", "examples", "node_modules", "test", "tests"})
_MOST = 2000


def shipped_sources(project: Project) -> Iterator[Source]:
    """The parsed modules of the packages that entry points name, in the order of their paths."""
    files: dict[Path, None] = {}
    for entry in project.entries():
        files |= dict.fromkeys(_files_of(project, entry.module))
    for file in sorted(files)[:_MOST]:
        source = project.source(file)
        if source.tree is not None:
            yield source


def own_modules(project: Project) -> frozenset[str]:
    """The first parts of the names by which the project's own modules are imported."""
    tops = {entry.module.partition(".")[0] for entry in project.entries()}
    if project.info is not None:
        # What is installed lies beside the modules of others.
        return top_level_names(project.info) | tops
    beside = (file.stem for folder in (project.root, project.root / "src") for file in folder.glob("*.py"))
    packages = (init.parent.name for pattern in ("*", "src/*") for init in project.root.glob(f"{pattern}/__init__.py"))
    return frozenset({*tops, *beside, *packages, *project.package_dirs})


def _files_of(project: Project, module: str) -> Iterator[Path]:
    """The file of a module, and all of the package that it is in."""
    own = project.module_file(module)
    if own is None:
        return
    yield own
    top = project.module_file(module.partition(".")[0])
    if top is not None and top.name == "__init__.py":
        yield from _package(top.parent, is_project=top.parent == project.root)


def _package(folder: Path, *, is_project: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix == ".py" and path.is_file():
            if not (is_project and (path.name in _NOT_SHIPPED or path.name.startswith("test_"))):
                yield path
        elif path.is_dir() and path.name not in _NO_PACKAGES and (path / "__init__.py").is_file():
            yield from _package(path, is_project=False)
