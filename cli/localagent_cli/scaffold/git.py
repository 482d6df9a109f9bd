"""Running git in such a way that it changes nothing of the user's."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem

if TYPE_CHECKING:
    from pathlib import Path

_QUIETLY = ("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false")
"""No process of git's stays behind."""

# Of whatever kind the author's files are, here they are bytes: no line endings change, no filters run.
_ATTRIBUTES = "* -text -eol -filter -ident !working-tree-encoding\n"


def ask_git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a repository of the user's, by the user's configuration, without taking a lock of its index.

    Raises:
        SystemProblem: git cannot be run.
    """
    # A hook or an alias that runs this may say which repository it was called for; the folder decides here.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _configures(name)}
    return _run(("--no-optional-locks", *_QUIETLY, *words), at=folder, env=env)


def _configures(name: str) -> bool:
    return name.startswith("GIT_CONFIG")


@dataclass(frozen=True, slots=True)
class ThrowAwayRepository:
    """A repository of our own: no configuration, identity, hook or template of the user's has a say in it.

    Attributes:
        place: its folder, which holds nothing else. It has no work tree of its own: each command names one.
    """

    place: Path

    def begin(self) -> None:
        """Make it."""
        self.place.mkdir()
        self.run("init", "--quiet", "--template=", at=self.place)
        (self.place / "info").mkdir(exist_ok=True)
        (self.place / "info" / "attributes").write_text(_ATTRIBUTES, encoding="utf-8")

    def commit(self, tree: Path, branch: str, *, after: str | None = None) -> None:
        """Make a branch whose one commit of its own holds all files below `tree`, after another branch's."""
        if after is not None:
            self.run("update-ref", f"refs/heads/{branch}", f"refs/heads/{after}", at=tree)
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}", at=tree)
        self.run("add", "--all", "--force", ".", at=tree)
        self.run("commit", "--quiet", "--allow-empty", "--message", branch, at=tree)

    def run(self, *words: str, at: Path, may_be: tuple[int, ...] = (0,)) -> bytes:
        """What git prints for `words`, with the work tree `at`.

        Raises:
            SystemProblem: git cannot be run, or gives another code than those it may give.
        """
        done = _run((*_QUIETLY, *words), at=at, env=self._env(at))
        if done.returncode not in may_be:
            raise SystemProblem(f"git {words[0]} failed: {complaint(done)}", fix="look at the disk's free space")
        return done.stdout

    def _env(self, tree: Path) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        person = {"NAME": "LocalAgent", "EMAIL": "localagent@localhost", "DATE": "2000-01-01T00:00:00Z"}
        return {
            **env,
            **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()},
            "GIT_DIR": str(self.place),
            "GIT_WORK_TREE": str(tree),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "HOME": str(self.place),  # where git before 2.32 looks for the global configuration
            "XDG_CONFIG_HOME": str(self.place),
        }


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git said was wrong, in one line."""
    lines = os.fsdecode(done.stderr or done.stdout).strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"exit code {done.returncode}"


def _run(words: tuple[str, ...], *, at: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *words],  # noqa: S607 - the user's own git
            cwd=at,
            env={**env, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as problem:
        raise SystemProblem(
            f"git, which this needs, cannot be run: {problem.strerror}", fix="install git, and see that it is in PATH"
        ) from problem
