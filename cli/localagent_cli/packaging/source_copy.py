"""A clean copy of a project's source: what belongs to it, with modes and times that do not depend on the machine."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUTPUT = frozenset({"build", "dist"})


def copy_source(source: Path, target: Path, *, timestamp: int) -> None:
    """Copy the files of the project in `source` to the new folder `target`.

    Files are what git lists (tracked, or neither tracked nor ignored); without git all but dot folders, ``build``,
    ``dist``, ``__pycache__``, ``*.egg-info`` and virtual environments. Modes become 644 and 755, times `timestamp`
    (seconds since 1970).
    """
    target.mkdir(parents=True)
    for relative in project_files(source):
        _copy(source / relative, target / relative)
    _normalise(target, timestamp)


def project_files(source: Path) -> list[str]:
    """The project's files as sorted paths relative to `source`."""
    listed = _listed_by_git(source)
    # A folder that git ignores as a whole lists nothing; it is a project all the same.
    if listed is None or not {"pyproject.toml", "setup.py"}.intersection(listed):
        listed = list(_walk(source, ""))
    return sorted(listed)


def _listed_by_git(source: Path) -> list[str] | None:
    """What git says belongs to the folder; None where git has nothing to say about it."""
    command = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "ls-files",
        "-z",
        "-t",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        run = subprocess.run(command, cwd=source, env=environ, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    if run.returncode:
        return None
    tagged = [line.split(" ", 1) for line in os.fsdecode(run.stdout).split("\0") if line]
    listed = [path for tag, path in tagged if tag != "?" or _belongs(path)]
    return [path for path in dict.fromkeys(listed) if os.path.lexists(source / path)]


def _belongs(path: str) -> bool:
    """Whether an untracked file is more than something a tool left there."""
    *folders, _ = path.split("/")
    return not any(_left_out(folder, top=not depth) for depth, folder in enumerate(folders))


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield prefix + entry.name
            elif not _left_out(entry.name, top=not prefix) and not os.path.lexists(folder / entry.name / "pyvenv.cfg"):
                yield from _walk(folder / entry.name, f"{prefix}{entry.name}/")


def _left_out(folder: str, *, top: bool) -> bool:
    return (
        folder.startswith(".") or folder == "__pycache__" or folder.endswith(".egg-info") or (top and folder in _OUTPUT)
    )


def _copy(source: Path, target: Path) -> None:
    """Copy a file, the content behind a link to a file, a link to a folder as a link, a submodule as its files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and not source.is_file():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        for relative in _walk(source, ""):
            _copy(source / relative, target / relative)
    elif source.is_file():
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)


def _normalise(folder: Path, timestamp: int) -> None:
    for place, folders, files in os.walk(folder, topdown=False):
        for name in files + folders:
            os.utime(Path(place, name), (timestamp, timestamp), follow_symlinks=False)
        Path(place).chmod(0o755)
    os.utime(folder, (timestamp, timestamp))
