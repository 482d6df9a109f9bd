"""Unpacking a source archive that somebody else made."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Final

from localagent.errors import RefusedError
from localagent_cli.packaging.verification import verify_archive

if TYPE_CHECKING:
    from pathlib import Path

SDIST: Final = ".tar.gz"
_FIX = "build the archive again"


def unpack_sdist(archive: Path, folder: Path) -> Path:
    """The project's folder in a source archive, unpacked below `folder` by the rules for data (PEP 706).

    Raises:
        RefusedError: it breaks a rule of `SAFETY`, is not whole, or holds anything but one folder.
    """
    for finding in verify_archive(archive, purpose="unpack"):
        raise RefusedError(finding.message, file=archive, fix=finding.fix, rule=finding.rule)
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RefusedError(f"it cannot be unpacked safely: {error}", file=archive, fix=_FIX) from error
    projects = [child for child in folder.iterdir() if child.is_dir()]
    if len(projects) != 1:
        raise RefusedError("a source archive holds exactly one folder", file=archive, fix=_FIX)
    return projects[0]
