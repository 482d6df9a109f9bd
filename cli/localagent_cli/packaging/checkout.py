"""The files of one commit of a git repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem, UsageError
from localagent_cli.scaffold.git import ask_git, complaint

if TYPE_CHECKING:
    from pathlib import Path

    from localagent_cli.packaging.sources import Git

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def check_out(source: Git, folder: Path) -> str:
    """Fetch a repository into a new folder, with the files of the revision that `source` names, and give its commit.

    Without a revision that is the commit of the default branch. No hook runs.

    Raises:
        SystemProblem: the repository cannot be had.
        UsageError: it has no such revision.
    """
    quietly = ("-c", "core.hooksPath=", "-c", "advice.detachedHead=false")
    cloned = ask_git(
        folder.parent, *quietly, "clone", "--quiet", "--no-checkout", "--template=", "--", source.url, str(folder)
    )
    if cloned.returncode:
        raise SystemProblem(
            f"cannot fetch {source}: {complaint(cloned)}", fix="check the address, the network and your rights there"
        )
    commit = _commit_of(source, folder)
    taken = ask_git(folder, *quietly, "checkout", "--quiet", "--detach", commit)
    if taken.returncode:
        raise SystemProblem(f"cannot take {commit[:12]} out of {source}: {complaint(taken)}", file=folder)
    return commit


def _commit_of(source: Git, folder: Path) -> str:
    # A branch of theirs is known here as a branch of origin; tags and commits as themselves.
    wanted = [f"origin/{source.revision}", source.revision] if source.revision else ["HEAD"]
    for revision in wanted:
        found = ask_git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        commit = found.stdout.decode("ascii", "replace").strip()
        if found.returncode == 0 and _COMMIT.fullmatch(commit):
            return commit
    named = f"the revision '{source.revision}'" if source.revision else "a commit"
    raise UsageError(f"{source.url} has not {named}", fix=f"git ls-remote {source.url}")
