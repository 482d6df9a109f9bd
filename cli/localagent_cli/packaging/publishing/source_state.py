"""Whether what is built can be found again: git has all of it, and no other commit has its tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import SystemProblem
from localagent_cli.packaging.publishing.release import Check, Verdict
from localagent_cli.scaffold.git import ask_git

if TYPE_CHECKING:
    from pathlib import Path

_CLEAN = "the source is committed"
_TAG = "the tag is free"
_NAMED = 5


def check_committed(project: Path) -> Check:
    """Whether git has every change below the project's folder."""
    try:
        asked = ask_git(project, "status", "--porcelain=v1", "-z", "--untracked-files=normal", "--", ".")
    except SystemProblem as error:
        return Check(_CLEAN, Verdict.WARNING, error.message)
    if asked.returncode:
        fix = "git init && git add . && git commit"
        return Check(_CLEAN, Verdict.WARNING, "there is no git repository, so nobody can tell what was released", fix)
    changed = [entry[3:] for entry in asked.stdout.decode(errors="replace").split("\0") if entry[2:3] == " "]
    if not changed:
        return Check(_CLEAN, Verdict.GO, "nothing is changed since the last commit")
    named = ", ".join(changed[:_NAMED]) + (f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else "")
    return Check(_CLEAN, Verdict.NO_GO, f"not committed: {named}", "git add . && git commit, or git stash -u")


def check_tag(project: Path, tag: str) -> Check:
    """Whether the release's tag is free, or names the commit that is checked out."""
    try:
        tagged, here = (
            ask_git(project, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}") for ref in (tag, "HEAD")
        )
    except SystemProblem as error:
        return Check(_TAG, Verdict.WARNING, error.message)
    if tagged.returncode or here.returncode:
        return Check(_TAG, Verdict.GO, f"there is no {tag} yet")
    if tagged.stdout == here.stdout:
        return Check(_TAG, Verdict.GO, f"{tag} is the commit that is checked out")
    return Check(_TAG, Verdict.NO_GO, f"{tag} is another commit", f"raise the version, or: git checkout {tag}")
