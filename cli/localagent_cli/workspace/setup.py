"""Making a folder ready for developing plugins in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from localagent.errors import SystemProblem, UsageError
from localagent.host import consent
from localagent.services.development import read_development
from localagent.services.files import write_text
from localagent_cli.workspace.completing import completed
from localagent_cli.workspace.contents import (
    EDITOR_SETTINGS,
    LAUNCH,
    PLUGINS,
    SCHEMA,
    development_text,
    schema_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from localagent.services.home import Home

_LAUNCH_FILE = ".vscode/launch.json"
_SETTINGS_FILE = ".vscode/settings.json"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one file or folder.

    Attributes:
        path: it, absolute.
        action: ``made``, ``added`` to, ``trusted``, ``kept`` as it should be, or ``left`` although it is not so.
        note: what was added, what is inside, or what is to be done by hand; may be empty.
    """

    path: Path
    action: Literal["made", "added", "trusted", "kept", "left"]
    note: str = ""

    @property
    def changed(self) -> bool:
        """Whether something is now that was not before."""
        return self.action in {"made", "added", "trusted"}


def set_up(folder: Path, home: Home, environ: Mapping[str, str]) -> tuple[Step, ...]:
    """Make `folder` ready for developing plugins, and trust the plugins in it.

    What is there stays as it is: a JSON file of the editor gets what it lacks, everything else is left alone.

    Args:
        folder: where the plugins are to be developed; made if it is absent.
        home: LocalAgent's.
        environ: the environment, whose variables may forbid development mode.

    Raises:
        UsageError: something is a file that has to be a folder; nothing was written.
        RefusedError: ``dev-plugins`` belongs to somebody else or everybody may write to it.
        ConfigError: ``development.yaml`` says something that cannot be meant.
        SystemProblem: something cannot be written.
    """
    folder = folder.absolute()
    for place in (folder, *(folder / name for name in (PLUGINS, ".vscode", "schemas"))):
        if os.path.lexists(place) and not place.is_dir():
            raise UsageError(f"{place} is not a folder", file=place, fix="move it away, or choose another folder")
    try:
        return tuple(_steps(folder, home, environ))
    except OSError as problem:
        raise SystemProblem(
            f"cannot be made: {problem.strerror or problem}", file=problem.filename or folder
        ) from problem


def _steps(folder: Path, home: Home, environ: Mapping[str, str]) -> Iterator[Step]:
    yield from _plugins_folder(folder / PLUGINS, home)
    yield from _plugins_folder(home.path / PLUGINS, home)
    yield _development_mode(folder, home, environ)
    yield _written(folder / SCHEMA, schema_text())
    yield _completed(folder / _SETTINGS_FILE, EDITOR_SETTINGS)
    yield _completed(folder / _LAUNCH_FILE, LAUNCH)


def _plugins_folder(folder: Path, home: Home) -> Iterator[Step]:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        yield Step(folder, "made")
    if consent.is_trusted(folder, consent.trusted_folders(home)):
        yield Step(folder, "kept", "trusted")
        return
    consent.trust(home, folder)
    inside = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    yield Step(folder, "trusted", f"with what is in it: {', '.join(inside)}" if inside else "")


def _development_mode(folder: Path, home: Home, environ: Mapping[str, str]) -> Step:
    file = home.development_file
    made = not file.exists()
    if made:
        write_text(file, development_text(home.path / PLUGINS))
    said = read_development(home, environ, folder)
    if not said.loads_plugins:
        return Step(file, "left", "it, or a variable LOCALAGENT_..., forbids development plugins")
    if folder / PLUGINS not in said.directories:
        return Step(file, "left", f"its development_directories have no {PLUGINS} of this folder")
    return Step(file, "made" if made else "kept", "development mode is on")


def _written(file: Path, text: str) -> Step:
    if not os.path.lexists(file):
        _write(file, text)
        return Step(file, "made")
    if file.is_file() and file.read_bytes() == text.encode():
        return Step(file, "kept")
    return Step(file, "left", f"it differs from this LocalAgent's: localagent dev schema > {file}")


def _completed(file: Path, wanted: Mapping[str, Any]) -> Step:
    if not os.path.lexists(file):
        _write(file, completed("", wanted)[0])
        return Step(file, "made")
    try:
        text, added = completed(file.read_text("utf-8"), wanted)
    except (ValueError, RecursionError):
        return Step(file, "left", f"it is no plain JSON; add what you want of: {', '.join(wanted)}")
    if not added:
        return Step(file, "kept")
    _write(file, text)
    return Step(file, "added", ", ".join(added))


def _write(file: Path, text: str) -> None:
    """Write a file of the project: unlike LocalAgent's own, everybody may read it who may read its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rights = (file if file.is_file() else file.parent).stat().st_mode & 0o666
    write_text(file, text)
    file.chmod(rights)
