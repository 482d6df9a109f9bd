"""What comes of a plugin when its template's changes are merged into it.

Git merges, in a repository that is thrown away: it follows renames and knows deletions, which a comparison file by
file would not.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from localagent_cli.scaffold.git import ThrowAwayRepository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Action = Literal["conflict", "merge", "change", "rename", "new", "delete", "left out"]

_MARK = b"<<<<<<< "
_BASE, _YOURS = "as-made", "yours"
_OLD, _OURS, _THEIRS = 1, 2, 3
"""The stages of an unmerged path in git's index."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an update does to one file.

    Attributes:
        action: ``change`` takes the template's version of a file that was not edited, ``merge`` joins edits of both
            sides, ``left out`` means that the plugin did away with the file and so stays without it.
        path: of the file afterwards, relative to the plugin's folder, with slashes.
        was: its path before, if it is another one.
        reason: what to know about a conflict or a file that is left out.
    """

    action: Action
    path: str
    was: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged plugin.

    Attributes:
        tree: its files.
        changes: how they differ from the plugin's, conflicts first.
        written: files of `tree` that the plugin lacks or has otherwise.
        removed: the plugin's files that `tree` lacks.
    """

    tree: Path
    changes: tuple[Change, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]


def merge(base: Path, template: Path, tree: Path, *, label: str, repository: Path) -> Merge:
    """Merge into `tree`, which holds the plugin's files, what changed from `base` to `template`.

    Args:
        base: the files as the plugin was made.
        template: the files as it would be made today.
        tree: the plugin's files; afterwards those of the merged plugin.
        label: stands for the template at the marks of conflicts; a name that git takes for a branch.
        repository: a folder to be made for git's use.

    Raises:
        SystemProblem: git fails.
    """
    git = ThrowAwayRepository(repository)
    git.begin()
    git.commit(base, _BASE)
    git.commit(template, label, after=_BASE)
    git.commit(tree, _YOURS, after=_BASE)
    edited = frozenset(_names(git.run("diff", "--name-only", "--no-renames", "-z", _BASE, _YOURS, at=tree)))
    # A folder that the template renames takes only the template's files with it.
    style = ("-c", "merge.conflictStyle=diff3", "-c", "merge.directoryRenames=false")
    git.run(*style, "merge", "--quiet", "--no-ff", "--no-commit", label, at=tree, may_be=(0, 1))
    unmerged = _stages(git.run("ls-files", "--unmerged", "-z", at=tree))
    for path in _left_out(unmerged):
        (tree / path).unlink(missing_ok=True)
    git.run("add", "--all", "--force", ".", at=tree)
    return _outcome(git, tree, unmerged, edited)


def _outcome(
    git: ThrowAwayRepository, tree: Path, unmerged: Mapping[str, frozenset[int]], edited: frozenset[str]
) -> Merge:
    compare = ("diff", "--cached", "--name-status", "-z", _YOURS)
    plain = _statuses(git.run(*compare, "--no-renames", at=tree))
    conflicts = [_conflict(tree, path, stages) for path, stages in unmerged.items() if _is_there(tree / path)]
    left_out = [
        Change("left out", path, reason="changed in the template, not kept by git here") for path in _left_out(unmerged)
    ]
    others = [
        _change(status, paths, edited)
        for status, *paths in _statuses(git.run(*compare, "--find-renames", at=tree))
        if paths[-1] not in unmerged
    ]
    return Merge(
        tree=tree,
        changes=(*conflicts, *sorted(others, key=lambda change: (change.action, change.path)), *left_out),
        written=tuple(path for status, path in plain if status != "D"),
        removed=tuple(path for status, path in plain if status == "D"),
    )


def _change(status: str, paths: list[str], edited: frozenset[str]) -> Change:
    path = paths[-1]
    match status[0]:
        case "A":
            return Change("new", path)
        case "D":
            return Change("delete", path)
        case "R":
            return Change("rename", path, was=paths[0])
        case _:
            return Change("merge" if path in edited else "change", path)


def _conflict(tree: Path, path: str, stages: frozenset[int]) -> Change:
    if _THEIRS not in stages:
        reason = "edited here, not in the template any more; kept"
    elif _OURS not in stages:
        reason = "renamed here and in the template; both names are there"
    elif _MARK in _content(tree / path):
        reason = "both sides changed the same lines; marked in the file"
    else:
        reason = "both sides changed it; kept as it was here"
    return Change("conflict", path, reason=reason)


def _left_out(unmerged: Mapping[str, frozenset[int]]) -> list[str]:
    """What the template changed and the plugin did away with; git would bring it back."""
    return [path for path, stages in unmerged.items() if _OURS not in stages and {_OLD, _THEIRS} <= stages]


def _stages(listed: bytes) -> dict[str, frozenset[int]]:
    """By path the stages that ``ls-files --unmerged -z`` tells."""
    stages: defaultdict[str, set[int]] = defaultdict(set)
    for entry in _names(listed):
        numbers, path = entry.split("\t", 1)
        stages[path].add(int(numbers.rsplit(" ", 1)[1]))
    return {path: frozenset(found) for path, found in sorted(stages.items())}


def _statuses(listed: bytes) -> list[list[str]]:
    """Letter, then one path or two, of each entry that ``diff --name-status -z`` tells."""
    words = iter(_names(listed))
    return [[status, next(words), *([next(words)] if status[0] in "RC" else [])] for status in words]


def _names(listed: bytes) -> list[str]:
    return [name for name in os.fsdecode(listed).split("\0") if name]


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""
