"""Where a new plugin goes, and what may give way to it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem, UsageError
from localagent_cli.scaffold.names import check_new_name

if TYPE_CHECKING:
    from collections.abc import Generator

SIGNS_OF_A_PLUGIN = ("plugin-manifest.yaml", "plugin.yaml", "plugin.py", "setup.py", "pyproject.toml")


def check_parent(parent: Path) -> None:
    """Refuse a parent in which nothing can be made.

    Raises:
        UsageError: it, or what it would be in, is not a folder.
        SystemProblem: it cannot be written to.
    """
    nearest = next(folder for folder in (parent, *parent.parents) if os.path.lexists(folder))
    if not nearest.is_dir():
        raise UsageError(f"{nearest} is not a folder", file=nearest, fix="choose another folder for the plugin")
    if not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        raise SystemProblem(f"{nearest} cannot be written to", file=nearest, fix="choose another folder for the plugin")


@contextmanager
def parent_of(target: Path) -> Generator[Path]:
    """The parent of `target`, made if it is absent; what was made is taken away again if the block raises.

    Raises:
        OSError: it cannot be made.
    """
    absent = [folder for folder in target.parents if not os.path.lexists(folder)]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target.parent
    except BaseException:
        with suppress(OSError):  # somebody else put something there meanwhile
            for folder in absent:
                folder.rmdir()
        raise


def check_target(target: Path, *, force: bool) -> tuple[Path, ...]:
    """The files, relative to `target`, that making a plugin there removes.

    Only plugins, empty folders and links may go, and only by force.

    Raises:
        UsageError: what is there must stay.
    """
    if not os.path.lexists(target):
        return ()
    if not force:
        raise occupied(target)
    move = "move it away yourself"
    if target.is_symlink():
        return files_below(target)
    if not target.is_dir():
        raise UsageError(f"{target} is a file, not a plugin", file=target, fix=move)
    if (target / ".git").exists():
        raise UsageError(f"{target} is a git repository; its history would be lost", file=target, fix=move)
    names = {path.name for path in target.iterdir()}
    if names and names.isdisjoint(SIGNS_OF_A_PLUGIN):
        raise UsageError(f"{target} does not hold a plugin", file=target, fix=move)
    return files_below(target)


def occupied(target: Path) -> UsageError:
    """The refusal to make a plugin where something is."""
    return UsageError(f"{target} exists already", file=target, fix="choose another name, or replace it with --force")


def would_replace(name: str, *, into: Path) -> tuple[Path, ...]:
    """The files, relative to the plugin's folder, that making `name` in `into` by force would remove.

    Raises:
        UsageError: `name` cannot be a plugin's name, or what is there is not replaced even by force.
    """
    check_new_name(name)
    return check_target(into / name, force=True)


def files_below(folder: Path) -> tuple[Path, ...]:
    """Everything below `folder` that is not a folder, relative to it and sorted; links are not followed."""
    if folder.is_symlink():
        return (Path(),)
    return tuple(
        sorted(Path(here, name).relative_to(folder) for here, _, names in os.walk(folder) for name in names),
    )
