"""Where released trees and the breaks that a changelog declares are found."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

from public_api.breaks import PACKAGES

SECTION = re.compile(r"^### Breaking$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([\w.]+)`")


def last_release(repository: Path) -> str | None:
    """The newest tag ``vVERSION`` that the current commit descends from, if there is one."""
    line = ("git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    done = subprocess.run(line, cwd=repository, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def unpack(repository: Path, tag: str, into: Path) -> None:
    """Write the packages' folders as they were at `tag`; the repository stays as it is."""
    folders = subprocess.run(
        ["git", "ls-tree", "--name-only", tag, *PACKAGES.values()],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    packed = subprocess.run(["git", "archive", tag, *folders], cwd=repository, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")


def declared(changelog: str) -> set[str]:
    """The names in backticks below "Breaking" of the newest version."""
    _, _, newest = changelog.partition("\n## ")
    newest, _, _ = newest.partition("\n## ")
    return {name for section in SECTION.findall(newest) for name in QUOTED.findall(section)}
