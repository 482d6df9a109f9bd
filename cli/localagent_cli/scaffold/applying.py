"""Changing many files of a folder at once: all of them, or none.

Everything is written into a stage in the folder first, with a note of what goes where. From the note on the change
counts as made: what is left to do are renames, which Ctrl-C does not cut short, and which `finish` does where something
else did (SIGKILL, the power). A stage without a note is nothing but rubbish.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from localagent.errors import RefusedError
from localagent.services.files import write_text

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable
    from pathlib import Path
    from typing import Any

STAGE = ".localagent-update"
_NOTE = "note.json"
_NEW = "new"


@dataclass(frozen=True, slots=True)
class _Step:
    """One file's part. Digests are None where there is no file."""

    path: str
    before: str | None
    after: str | None


def check_landing(folder: Path, paths: Iterable[str], *, tracked: Collection[str]) -> None:
    """Refuse to write where something is that git could not bring back.

    Args:
        folder: the plugin's.
        paths: what would be written, relative to it.
        tracked: what git keeps, relative to it.

    Raises:
        RefusedError: with everything that is in the way.
    """
    in_the_way = sorted({name for path in paths for name in _in_the_way(folder, path, tracked)})
    if in_the_way:
        raise RefusedError(
            f"new files would land where git keeps none: {', '.join(in_the_way)}",
            file=folder,
            fix="move them away, or add them to the repository",
        )


def apply(folder: Path, tree: Path, *, written: Iterable[str], removed: Iterable[str], note: Any) -> None:
    """Give `folder` the files `written` of `tree`, in that order, and take away `removed`.

    Args:
        folder: the plugin's.
        tree: where the files are, by the same paths.
        written: relative to both.
        removed: relative to `folder`.
        note: what `finish` gives back if it has to do the rest, as JSON.

    Raises:
        RefusedError: a file changed in this moment; nothing was done.
        OSError: a file cannot be written; nothing was done unless it happened in a rename.
    """
    stage = folder / STAGE
    writes = tuple(written)
    # What is in the way of a new folder goes first.
    steps = [_Step(path, _digest(folder / path), None) for path in removed]
    steps += [_Step(path, _digest(folder / path), _digest(tree / path)) for path in writes]
    try:
        _prepare(stage, folder, tree, writes)
        _check_unchanged(folder, steps)
        write_text(stage / _NOTE, json.dumps({"steps": [asdict(step) for step in steps], "note": note}))
        _carry_out(folder, steps)
    finally:
        if not is_unfinished(folder):
            sweep(folder)


def is_unfinished(folder: Path) -> bool:
    """Whether `apply` was cut short after it had begun to change `folder`."""
    return (folder / STAGE / _NOTE).exists()


def finish(folder: Path) -> Any:
    """Do what `apply` was kept from doing, and give its note back.

    Raises:
        RefusedError: a file was changed since; nothing was done.
        OSError: a file cannot be written.
    """
    said = json.loads((folder / STAGE / _NOTE).read_text("utf-8"))
    steps = [_Step(**step) for step in said["steps"]]
    _check_unchanged(folder, steps)
    _carry_out(folder, steps)
    return said["note"]


def sweep(folder: Path) -> None:
    """Remove the stage of an `apply` that had changed nothing yet."""
    shutil.rmtree(folder / STAGE, ignore_errors=True)


def _in_the_way(folder: Path, path: str, tracked: Collection[str]) -> Generator[str]:
    """What of the user's is at `path`, or is a file or link where it has a folder."""
    parts = path.split("/")
    above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    for parent in above:
        place = folder / parent
        if parent not in tracked and os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            yield parent
            return
    if path not in tracked and os.path.lexists(folder / path):
        yield path


def _prepare(stage: Path, folder: Path, tree: Path, paths: Iterable[str]) -> None:
    """Copy files into the stage, down to the disk, each with the rights that its predecessor has."""
    stage.mkdir()
    (stage / ".gitignore").write_text("*\n", encoding="utf-8")
    for path in paths:
        new = stage / _NEW / path
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / path, new, follow_symlinks=False)
        if new.is_symlink():
            continue
        if (folder / path).is_file() and not (folder / path).is_symlink():
            new.chmod(_rights((folder / path).stat().st_mode, wanted=new.stat().st_mode))
        with new.open("rb") as file:
            os.fsync(file.fileno())


def _rights(old: int, *, wanted: int) -> int:
    """Who may do what: as before, but for the right to run it."""
    runnable = 0o111
    return old & ~runnable | ((old & 0o444) >> 2 if wanted & runnable else 0)


def _check_unchanged(folder: Path, steps: Iterable[_Step]) -> None:
    changed = [step.path for step in steps if not _can_be_done(folder, step)]
    if changed:
        raise RefusedError(
            f"changed since the update began: {', '.join(changed)}",
            file=folder,
            fix=f"undo that (git checkout -- {' '.join(changed)}), then the same command again",
        )


def _can_be_done(folder: Path, step: _Step) -> bool:
    found = _digest(folder / step.path)
    is_staged = step.after is None or os.path.lexists(folder / STAGE / _NEW / step.path)
    return found == step.after or (found == step.before and is_staged)


def _carry_out(folder: Path, steps: Iterable[_Step]) -> None:
    """Do those steps that are still to be done, in a thread, since signals reach the main one only; it waits."""
    with ThreadPoolExecutor(max_workers=1) as other:
        other.submit(_rename_all, folder, steps).result()


def _rename_all(folder: Path, steps: Iterable[_Step]) -> None:
    stage = folder / STAGE
    for step in steps:
        target = folder / step.path
        staged = stage / _NEW / step.path
        if step.after is None:
            target.unlink(missing_ok=True)
            _remove_empty(target.parent, folder)
        elif os.path.lexists(staged):
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
    (stage / _NOTE).unlink()
    sweep(folder)


def _remove_empty(parent: Path, folder: Path) -> None:
    while parent != folder and parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent


def _digest(file: Path) -> str | None:
    """Tells whether a file is still the same; a link is where it leads to."""
    if file.is_symlink():
        return f"-> {file.readlink()}"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
