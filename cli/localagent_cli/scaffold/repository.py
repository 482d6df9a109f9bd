"""Whether git could bring a plugin back, were an update not wanted after all; only looks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localagent.errors import RefusedError, SystemProblem
from localagent_cli.scaffold.git import ask_git, complaint
from localagent_cli.scaffold.origin import ANSWERS_FILE

if TYPE_CHECKING:
    from pathlib import Path

_NAMED = 5
"""Files that a refusal names."""


def committed_files(folder: Path) -> tuple[str, ...]:
    """The plugin's files, relative to its folder: what git tracks, all of it as it was committed.

    Only the plugin's own folder counts, wherever in a repository it lies.

    Raises:
        RefusedError: something there is not committed, or git keeps nothing of the plugin at all.
        SystemProblem: git cannot be run, or will not look at the repository.
    """
    tracked = _tracked(folder)
    if ANSWERS_FILE not in tracked:
        raise _not_kept(folder)
    uncommitted = _uncommitted(folder)
    if uncommitted:
        named = ", ".join(uncommitted[:_NAMED]) + (", ..." if len(uncommitted) > _NAMED else "")
        raise RefusedError(
            f"the plugin has changes that are not committed: {named}",
            file=folder,
            fix="commit or stash them, so that an update can be told from them and undone",
        )
    return tracked


def _tracked(folder: Path) -> tuple[str, ...]:
    done = ask_git(folder, "ls-files", "-z")
    if done.returncode and b"not a git repository" in done.stderr:
        raise _not_kept(folder)
    if done.returncode:
        raise SystemProblem(
            f"git will not look at the plugin: {complaint(done)}", file=folder, fix="git status tells more"
        )
    return tuple(name for name in os.fsdecode(done.stdout).split("\0") if name)


def _uncommitted(folder: Path) -> list[str]:
    """What differs from the last commit, untracked files included, relative to the repository."""
    done = ask_git(folder, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--", ".")
    if done.returncode:
        raise SystemProblem(f"git cannot tell what changed: {complaint(done)}", file=folder, fix="git status")
    return [entry[3:] for entry in os.fsdecode(done.stdout).split("\0") if entry]


def _not_kept(folder: Path) -> RefusedError:
    commit = "git add --all . && git commit --message 'As it is'"
    ignored = ask_git(folder, "check-ignore", "--quiet", ANSWERS_FILE).returncode  # 0 yes, 1 no, 128 no repository
    why = ", since the repository around it ignores it" if ignored == 0 else ""
    begin = "" if ignored == 1 else "git init && "
    return RefusedError(
        f"git does not keep the plugin's {ANSWERS_FILE}{why}: an update could not be undone",
        file=folder,
        fix=f"cd {folder} && {begin}{commit}",
    )
