"""Installed distributions that offer plugins, read one by one so that an unreadable one costs only itself."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUP_PREFIX = "localagent.plugins."
KIND_OF_GROUP = {"commands": "command", "providers": "provider", "ui": "ui", "workflows": "workflow"}


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One line of ``entry_points.txt`` that names a plugin."""

    kind: str
    name: str
    target: str
    line: int


@dataclass(frozen=True, slots=True)
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
    info: Path
    editable: Path | None
    entries: tuple[PluginEntry, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A distribution whose entry points cannot be read, and why."""

    file: Path
    line: int | None
    reason: str


def scan(folders: Iterable[str] | None = None) -> tuple[list[PluginDistribution], list[Unreadable]]:
    """Plugin distributions on the import path, the first of each name winning as in imports.

    Args:
        folders: import path entries; `sys.path` if None.
    """
    found: dict[str, PluginDistribution] = {}
    unreadable: list[Unreadable] = []
    for info in _info_folders(sys.path if folders is None else folders):
        distribution = _read(info)
        if isinstance(distribution, Unreadable):
            unreadable.append(distribution)
        elif distribution is not None:
            found.setdefault(distribution.name, distribution)
    return list(found.values()), unreadable


def normalise(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _info_folders(folders: Iterable[str]) -> Iterator[Path]:
    for folder in dict.fromkeys(folders):
        try:
            children = sorted(Path(folder or ".").iterdir())
        except OSError:
            # Zip files, folders that are gone or may not be listed hold no distribution that we could load.
            continue
        yield from (child for child in children if child.name.endswith((".dist-info", ".egg-info")))


def _read(info: Path) -> PluginDistribution | Unreadable | None:
    file = info / "entry_points.txt"
    try:
        text = file.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Unreadable(file, None, error.strerror or str(error))
    except UnicodeDecodeError as error:
        return Unreadable(file, None, f"not UTF-8 at byte {error.start}")
    entries = parse_entry_points(text, file)
    if isinstance(entries, Unreadable):
        return entries
    if not entries:
        return None
    metadata = _headers(info)
    name = metadata.get("Name") or info.name.partition("-")[0]
    return PluginDistribution(
        normalise(name), metadata.get("Version", ""), metadata.get("Summary", ""), info, _editable_folder(info), entries
    )


def parse_entry_points(text: str, file: Path) -> tuple[PluginEntry, ...] | Unreadable:
    """The plugins that an ``entry_points.txt`` names; other groups are checked for form only."""
    entries: list[PluginEntry] = []
    group = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            if not line.endswith("]"):
                return Unreadable(file, number, "a group that is not closed with ']'")
            group = line[1:-1].strip()
            continue
        name, equals, target = (part.strip() for part in line.partition("="))
        if not equals or group is None:
            return Unreadable(file, number, "expected 'name = module:object' below a [group]")
        kind = KIND_OF_GROUP.get(group.removeprefix(GROUP_PREFIX)) if group.startswith(GROUP_PREFIX) else None
        if kind:
            entries.append(PluginEntry(kind, name, target.partition("[")[0].strip(), number))
    return tuple(entries)


def _headers(info: Path) -> dict[str, str]:
    """The one-line headers of the distribution's metadata that matter here."""
    for name in ("METADATA", "PKG-INFO"):
        try:
            text = (info / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        head = text.partition("\n\n")[0]
        return dict(re.findall(r"^(Name|Version|Summary):[ \t]*(.*?)[ \t\r]*$", head, re.MULTILINE))
    return {}


def _editable_folder(info: Path) -> Path | None:
    """The source folder that PEP 610's ``direct_url.json`` names for an editable install."""
    try:
        record = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not record.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(record.get("url", "")).path)).resolve()
