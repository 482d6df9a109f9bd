"""What was used held against what a manifest declares, both ways round."""

from __future__ import annotations

import mimetypes
import os
import sysconfig
import zoneinfo
from dataclasses import dataclass
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from localagent_testing.audit.uses import EVERYTHING, KINDS, PYTHON, READS, WRITES, Use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localagent.manifest.model import Permissions

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OWN_PREFIX = "LOCALAGENT_"
_OF_PYTHON = tuple({f"{Path(sysconfig.get_path(each))}{os.sep}" for each in ("stdlib", "platstdlib", "purelib")})
_LIBRARIES = ("site-packages", "dist-packages")
_OF_THE_SYSTEM = tuple(map(str, (os.devnull, *mimetypes.knownfiles, *zoneinfo.TZPATH)))
"""Files that Python's own modules read, whoever asks them."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a plugin may go without a word in its manifest.

    Attributes:
        plugin: its name.
        root: its own folder or file, which it may read.
        homes: LocalAgent's homes, in which its own data are its own.
        hosts: hosts that somebody else named, as the settings that it was tried with do.
    """

    plugin: str
    root: Path
    homes: frozenset[Path] = frozenset()
    hosts: frozenset[str] = frozenset()

    def allows(self, use: Use) -> bool:
        """Whether a use needs no permission."""
        if use.kind == "files":
            return self._allows_file(use)
        if use.kind == "native":
            return _is_pythons(use.detail)
        if use.kind == "network":
            return _matches_host(use.detail, self.hosts)
        return use.kind == "env" and use.detail.startswith(_OWN_PREFIX)

    def _allows_file(self, use: Use) -> bool:
        path = Path(use.detail)
        if use.does == READS and (path.is_relative_to(self.root) or _is_readable_by_all(use.detail)):
            return True
        return use.detail == os.devnull or any(self._is_own_data(path, home) for home in self.homes)

    def _is_own_data(self, path: Path, home: Path) -> bool:
        if not path.is_relative_to(home):
            return False
        parts = path.relative_to(home).parts
        return parts[:1] == ("logs",) or self.plugin in parts or parts == (f"{self.plugin}.yaml",)


def undeclared(uses: Iterable[Use], permissions: Permissions, ground: Ground) -> tuple[Use, ...]:
    """The uses that no permission covers, one for each sort and detail."""
    found: dict[tuple[str, str], Use] = {}
    for use in _without_copies(uses):
        if not ground.allows(use) and not any(covers(word, use) for word in words_of(permissions, use.kind)):
            found.setdefault((use.kind, _wanted(use)), use)
    return tuple(found.values())


def unused(uses: Iterable[Use], permissions: Permissions) -> tuple[tuple[str, str | bool], ...]:
    """The declarations, each as sort and word, that no use needed."""
    seen = tuple(_without_copies(uses))
    return tuple(
        (kind, word)
        for kind in KINDS
        for word in words_of(permissions, kind)
        if not any(use.kind == kind and covers(word, use) for use in seen)
    )


def line_to_add(use: Use, permissions: Permissions) -> str:
    """What the manifest has to say under ``permissions``, with what it says already."""
    wanted = _wanted(use)
    if use.kind == "native" or wanted == EVERYTHING:
        return f"{use.kind}: true"
    declared = (str(word) for word in words_of(permissions, use.kind))
    words = (f'"{word}"' if word[0] in "*&!%@`" or ":" in word else word for word in (*declared, wanted))
    return f"{use.kind}: [{', '.join(words)}]"


def words_of(permissions: Permissions, kind: str) -> tuple[str | bool, ...]:
    """What a manifest declares of one sort; True alone stands for anything."""
    declared: bool | tuple[str, ...] = getattr(permissions, kind)
    if isinstance(declared, tuple):
        return declared
    return (True,) if declared else ()


def covers(word: str | bool, use: Use) -> bool:  # noqa: FBT001 - a manifest's value, not a flag
    """Whether a declaration allows a use of its sort."""
    return isinstance(word, bool) or _COVERS[use.kind](word, use)


def _matches_host(host: str, words: Iterable[str]) -> bool:
    names = _LOOPBACK if host in _LOOPBACK else {host}
    return any(fnmatch(name, word.lower()) for name in names for word in words)


def _covers_file(word: str, use: Use) -> bool:
    if word in (READS[:-1], WRITES[:-1]):
        return use.does.startswith(word)
    if fnmatchcase(use.detail, str(Path(word).expanduser())):
        return True
    folder = Path(word).expanduser()
    folder = folder.parent if folder.name in ("*", "**") else folder
    return Path(use.detail).is_relative_to(folder.absolute())


def _covers_program(word: str, use: Use) -> bool:
    name = Path(word).name
    return fnmatchcase(use.detail, name) or (name == PYTHON and use.detail.startswith(PYTHON))


_COVERS: dict[str, Callable[[str, Use], bool]] = {
    "network": lambda word, use: _matches_host(use.detail, (word,)),
    "files": _covers_file,
    "process": _covers_program,
    "env": lambda word, use: fnmatchcase(use.detail, word),
    "native": lambda word, use: word.lower() in use.detail.lower(),
}


def _wanted(use: Use) -> str:
    """The word that would allow a use."""
    return use.does.removesuffix("s") if use.kind == "files" else use.detail


def _without_copies(uses: Iterable[Use]) -> Iterable[Use]:
    """The uses without the single variables of a line that copies the whole environment."""
    kept = tuple(uses)
    copying = {(use.file, use.line) for use in kept if use.kind == "env" and use.detail == EVERYTHING}
    return (
        use
        for use in kept
        if use.kind != "env" or use.detail == EVERYTHING or use.does != READS or (use.file, use.line) not in copying
    )


def _is_pythons(library: str) -> bool:
    """Whether a library comes with Python itself."""
    return library.startswith(_OF_PYTHON) and not any(f"{os.sep}{each}{os.sep}" in library for each in _LIBRARIES)


def _is_readable_by_all(path: str) -> bool:
    return path.startswith((*_OF_PYTHON, *_OF_THE_SYSTEM)) or any(
        f"{os.sep}{each}{os.sep}" in path for each in _LIBRARIES
    )
