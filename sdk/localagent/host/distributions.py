"""Installed distributions that offer plugins, read one by one so that an unreadable one costs only itself."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from localagent.host.found import Unreadable
from localagent.host.lazy_paths import RequiredPath

if TYPE_CHECKING:
    from collections.abc import Iterable

GROUP_PREFIX = "localagent.plugins."
KIND_OF_GROUP = {"commands": "command", "providers": "provider", "ui": "ui", "workflows": "workflow"}

_HEADERS = ("Name", "Version", "Summary")


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One line of ``entry_points.txt`` that names a plugin."""

    kind: str
    name: str
    target: str
    line: int


@dataclass(frozen=True)
class PluginDistribution:
    """A distribution with at least one plugin.

    Attributes:
        name: normalised.
        info: its ``.dist-info`` folder.
        editable: the source folder of an editable install, else None.
    """

    name: str
    version: str
    summary: str
    info: RequiredPath = RequiredPath()  # noqa: RUF009 - a descriptor, made once for the class
    editable: Path | None = None
    entries: tuple[PluginEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What is on an import path.

    Attributes:
        distributions: those with plugins; the first of each name wins, as in imports.
        unreadable: those whose entry points cannot be read.
        rests_on: the files and folders whose change would change this.
    """

    distributions: tuple[PluginDistribution, ...]
    unreadable: tuple[Unreadable, ...]
    rests_on: tuple[str, ...]


def scan(folders: Iterable[str]) -> Scan:
    """Look for plugin distributions in the folders of an import path."""
    found: dict[str, PluginDistribution] = {}
    unreadable: list[Unreadable] = []
    rests_on: list[str] = []
    for folder in dict.fromkeys(folders):
        rests_on.append(folder)
        for info in info_folders(folder):
            outcome = read_distribution(info)
            if isinstance(outcome, Unreadable):
                unreadable.append(outcome)
            elif outcome is not None:
                found.setdefault(outcome.name, outcome)
            rests_on += beneath_notice(info, outcome)
    return Scan(tuple(found.values()), tuple(unreadable), tuple(rests_on))


def beneath_notice(info: str, outcome: PluginDistribution | Unreadable | None) -> list[str]:
    """What of a distribution may change without its folder's stamp telling.

    Installers write RECORD last, so one without it may be half-way in. What is unreadable may be mended in place, and
    an editable install is changed in place.
    """
    is_editable = isinstance(outcome, PluginDistribution) and outcome.editable is not None
    if is_editable or isinstance(outcome, Unreadable) or not is_final(info):
        return [info, f"{info}{os.sep}entry_points.txt"]
    return []


def is_final(info: str) -> bool:
    """Whether the installer is done with a distribution, as far as can be told."""
    return os.path.isfile(f"{info}{os.sep}RECORD")  # noqa: PTH113 - a thousand Path objects cost more than the looking


def normalise(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def info_folders(folder: str) -> list[str]:
    """The paths of the folders that describe the distributions in a folder of the import path."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - as above
    except OSError:
        # Zip files, folders that are gone or may not be listed hold no distribution that we could load.
        return []
    return [f"{folder}{os.sep}{name}" for name in names if name.endswith((".dist-info", ".egg-info"))]


def read_distribution(info: str) -> PluginDistribution | Unreadable | None:
    """The distribution that a folder describes, or why it cannot be read; None where it offers no plugin."""
    path = f"{info}{os.sep}entry_points.txt"
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - as above
            text = stream.read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Unreadable(Path(path), None, error.strerror or str(error))
    except UnicodeDecodeError as error:
        return Unreadable(Path(path), None, f"not UTF-8 at byte {error.start}")
    entries = parse_entry_points(text, path)
    if isinstance(entries, Unreadable):
        return entries
    if not entries:
        return None
    headers = _headers(info)
    name = headers.get("Name") or os.path.basename(info).partition("-")[0]  # noqa: PTH119 - as above
    return PluginDistribution(
        normalise(name), headers.get("Version", ""), headers.get("Summary", ""), info, _editable_folder(info), entries
    )


def parse_entry_points(text: str, file: Path | str) -> tuple[PluginEntry, ...] | Unreadable:
    """The plugins that an ``entry_points.txt`` names; other groups are checked for form only."""
    entries: list[PluginEntry] = []
    group = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            if not line.endswith("]"):
                return Unreadable(Path(file), number, "a group that is not closed with ']'")
            group = line[1:-1].strip()
            continue
        name, _, target = (part.strip() for part in line.partition("="))
        target = target.partition("[")[0].rstrip()
        if not name or not target or group is None:
            return Unreadable(Path(file), number, "expected 'name = module:object' below a [group]")
        kind = KIND_OF_GROUP.get(group.removeprefix(GROUP_PREFIX)) if group.startswith(GROUP_PREFIX) else None
        if kind:
            entries.append(PluginEntry(kind, name, target, number))
    return tuple(entries)


def _headers(info: str) -> dict[str, str]:
    """The one-line headers of the distribution's metadata that matter here."""
    for name in ("METADATA", "PKG-INFO"):
        try:
            with open(f"{info}{os.sep}{name}", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - as above
                return _headers_in(stream)
        except OSError:
            continue
    return {}


def _headers_in(lines: Iterable[str]) -> dict[str, str]:
    """Those headers in the lines before the first empty one; the description after it may be long."""
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not line.strip() or len(found) == len(_HEADERS):
            break
        if colon and name in _HEADERS:
            found[name] = value.strip()
    return found


def _editable_folder(info: str) -> Path | None:
    """The source folder that PEP 610's ``direct_url.json`` names for an editable install."""
    try:
        with open(f"{info}{os.sep}direct_url.json", encoding="utf-8") as stream:  # noqa: PTH123 - as above
            record = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return None
    match record:
        case {"dir_info": {"editable": True}, "url": str(url)}:
            return _folder_of(url)
        case _:
            return None


def _folder_of(url: str) -> Path | None:
    try:
        # Unlike Path.resolve, realpath takes a loop of links.
        return Path(os.path.realpath(unquote(urlsplit(url).path)))
    except ValueError:
        return None
