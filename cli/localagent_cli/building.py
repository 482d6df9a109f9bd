"""What was built as a person reads it: each archive with what it holds, or all that is wrong with them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ValidationError
from localagent_cli import output
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from localagent_cli.packaging.build import BuiltArtifacts

_MOST = 60
"""Files of one archive that are listed."""
_STEP = 1000


def build_and_show(path: Path, *, out: Path, strict: bool, as_json: bool) -> int:
    """Build a project for publishing and print what came of it; the exit code, 1 where something is wrong with it.

    For the errors see `build_project`.
    """
    from localagent_cli.packaging.build import build_project

    try:
        made = build_project(path, out=out, strict=strict, purpose="publish", tell=output.tell)
    except ValidationError as error:
        show_findings(error.diagnostics, as_json=as_json)
        return FAILED
    if as_json:
        output.show_json(to_dict(made))
        return DONE
    for file in archives(made):
        for line in listing(shortest(file), file.stat().st_size, files_in(file)):
            output.show(line)
    output.tell(f"built in {made.seconds:.1f} s ({made.mode}), nothing is wrong with it by the rules LA5")
    if made.wheel is not None:
        output.tell(f"next: localagent plugins install {shortest(made.wheel)}")
    return DONE


def show_findings(findings: Sequence[object], *, as_json: bool) -> None:
    """Print what is wrong with archives, and what to do about it."""
    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.render import render_text

    found = [finding for finding in findings if isinstance(finding, Diagnostic)]
    if as_json:
        output.show_json({"files": [], "findings": [finding.to_dict() for finding in found]})
    else:
        output.show(render_text(found, root=Path.cwd()).rstrip())
    output.tell(f"{len(found)} finding{'s' * (len(found) != 1)}; no archive was delivered")


def archives(made: BuiltArtifacts) -> list[Path]:
    """The archives that were built, the sdist first."""
    return [file for file in (made.sdist, made.wheel) if file is not None]


def to_dict(made: BuiltArtifacts) -> dict[str, Any]:
    """What was built as JSON values; sizes are in bytes."""
    return {
        "files": [str(file) for file in archives(made)],
        "seconds": made.seconds,
        "mode": made.mode,
        "archives": [
            {
                "file": str(file),
                "size": file.stat().st_size,
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                "contents": [{"path": path, "size": size} for path, size in sorted(files_in(file).items())],
            }
            for file in archives(made)
        ],
        "findings": [],
    }


def files_in(archive: Path) -> dict[str, int]:
    """The sizes in bytes of the files in an archive, by path."""
    from localagent_cli.packaging.archive_reading import read_archive

    return {member.path: member.size for member in read_archive(archive).members if member.kind == "file"}


def listing(name: str, size: int, files: Mapping[str, int]) -> Iterator[str]:
    """An archive as a tree of its files."""
    yield f"{name}  {_bytes(size)}, {len(files)} files"
    width = max((len(line) for _, line, _ in _tree(files)), default=0)
    for path, line, is_folder in list(_tree(files))[:_MOST]:
        yield f"  {line}" if is_folder else f"  {line:{width}}  {_bytes(files[path]):>9}"
    if len(files) > _MOST:
        yield f"  and more: localagent dev build --json lists all {len(files)}"


def shortest(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _tree(paths: Iterable[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, line and whether it is a folder, each folder before what is in it."""
    open_folders: list[str] = []
    for path in sorted(paths):
        *folders, name = path.split("/")
        shared = 0
        while shared < min(len(folders), len(open_folders)) and folders[shared] == open_folders[shared]:
            shared += 1
        for depth in range(shared, len(folders)):
            yield "/".join(folders[: depth + 1]), f"{'  ' * depth}{folders[depth]}/", True
        open_folders = folders
        yield path, f"{'  ' * len(folders)}{name}", False


def _bytes(size: int) -> str:
    if size < _STEP:
        return f"{size} B"
    return f"{size / _STEP:.1f} kB" if size < _STEP**2 else f"{size / _STEP**2:.1f} MB"
