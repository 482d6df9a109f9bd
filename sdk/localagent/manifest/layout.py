"""Which file of a source tree holds a module, as a build of the tree would decide it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from localagent.manifest.plain import is_list, table_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_PROJECT_FILES = ("pyproject.toml", "setup.py")


def package_dirs(pyproject: Mapping[str, Any]) -> dict[str, str]:
    """Folders by package, relative to the project: setuptools' ``package-dir`` and hatchling's ``packages``.

    The key ``""`` stands for the folder of all packages without one of their own. Values of a wrong type are left out.
    """
    packages = table_at(pyproject, "tool", "hatch", "build", "targets", "wheel").get("packages")
    named = packages if is_list(packages) else []
    folders = [PurePosixPath(item) for item in named if isinstance(item, str)]
    declared = table_at(pyproject, "tool", "setuptools", "package-dir")
    return {folder.name: str(folder) for folder in folders} | {
        package: folder for package, folder in declared.items() if isinstance(folder, str)
    }


def module_file(root: Path, module: str, package_dirs: Mapping[str, str]) -> Path | None:
    """The file of `module` in the project at `root`, None if it is not there.

    Looks where `package_dirs` sends the module, then in `root`, then in ``root/src``; never outside of `root`.
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    top = root.resolve()
    for base in _bases(root, parts, package_dirs):
        for file in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if is_file(file) and file.resolve().is_relative_to(top):
                return file
    return None


def inside(folder: Path, named: str) -> Path | None:
    """The path that a manifest names relative to `folder`; None if it is absolute or leaves the folder, links followed.

    Both kinds of path are read, so that what is refused on one system is refused on all.
    """
    windows = PureWindowsPath(named)
    if "\0" in named or windows.drive or windows.root or ".." in windows.parts:
        return None
    path = folder / named
    # Unlike Path.resolve, realpath takes a loop of links.
    return path if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)) else None


def is_file(path: Path) -> bool:
    """Whether `path` is a regular file; a path the system cannot even look up is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def project_root(manifest: Path) -> Path:
    """The folder of the project that `manifest` belongs to.

    That is the manifest's own folder, unless this is a package (``pkg`` or ``src/pkg``) within a project.
    """
    folder = manifest.parent
    if _is_project(folder) or not (folder / "__init__.py").is_file():
        return folder
    outer = folder.absolute().parent
    above = outer.parent if outer.name == "src" else outer
    return above if _is_project(above) else folder


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _PROJECT_FILES)


def _bases(root: Path, parts: list[str], package_dirs: Mapping[str, str]) -> Iterator[Path]:
    """Where the module could be, without its ending, the likeliest first."""
    for length in range(len(parts), -1, -1):
        package = ".".join(parts[:length])
        if package in package_dirs:
            folder = Path(root, package_dirs[package])
            # The package itself is its folder's __init__.py, and no file beside that folder.
            yield folder.joinpath(*parts[length:]) if length < len(parts) else folder / "__init__"
    yield root.joinpath(*parts)
    yield root.joinpath("src", *parts)
