"""Whether a path leads to where a plugin may go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable


def path_within(path: str | Path, folders: Iterable[str | Path]) -> Path:
    """Where `path` really leads, if that is one of `folders` or below one; ``..`` and links are followed.

    Open what this returns rather than `path`, or a link that is changed meanwhile leads elsewhere.

    Args:
        path: what somebody asks for, relative to the current folder; it need not exist.
        folders: where they may go, spelt as ``permissions.files`` of a manifest spells folders: ``~`` is the user's
            home, and a ``/*`` or ``/**`` at the end means no more than the folder itself.

    Raises:
        RefusedError: it leads elsewhere, or is no path at all.
    """
    allowed = [_real(_folder(each)) for each in folders]
    try:
        real = _real(Path(path))
    except ValueError as error:
        raise RefusedError(f"{str(path)!r} is no path: {error}") from error
    # Before Python 3.13 realpath follows no link that comes after a loop of links.
    if any(real.is_relative_to(folder) for folder in allowed) and _real(real) == real:
        return real
    named = ", ".join(map(str, allowed)) or "nowhere"
    raise RefusedError(f"{str(path)!r} leads to {str(real)!r}, which is not below: {named}", file=real)


def _folder(spelt: str | Path) -> Path:
    folder = Path(spelt).expanduser()
    return folder.parent if folder.name in ("*", "**") else folder


def _real(path: Path) -> Path:
    # Path.resolve raises for a loop of links, and says so differently in each Python.
    return Path(os.path.realpath(path))
