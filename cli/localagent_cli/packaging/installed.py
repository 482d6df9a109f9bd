"""Distributions by name, version and needs: of the host, of a plugin environment, of a wheel."""

from __future__ import annotations

import importlib.metadata
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from localagent.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from packaging.markers import Marker


@dataclass(frozen=True, slots=True)
class Distribution:
    """What resolving needs to know of a distribution.

    Attributes:
        name: normalised (PEP 503).
        version: as its metadata says.
        requires: requirements as its metadata says, with markers (PEP 508).
        requires_python: a range of versions, or empty.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    requires_python: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plugin finds beside itself: what the host has, which wins, and what lies in a plugin environment.

    Attributes:
        host: import path entries of the host, without plugin environments.
        environment: the distributions in the plugin environment by name.
    """

    host: Sequence[str]
    environment: Mapping[str, Distribution]

    def find(self, name: str) -> Distribution | None:
        """The distribution that an import would find."""
        return self.in_host(name) or self.environment.get(name)

    def in_host(self, name: str) -> Distribution | None:
        """The distribution of that normalised name in the host's own environment."""
        return next(iter(_read_all(importlib.metadata.distributions(name=name, path=list(self.host)))), None)

    def unmet(self, distribution: Distribution) -> list[Requirement]:
        """What `distribution` requires and does not find, also through extras of what it does find."""
        return [need for need in needs(distribution) for need in self._unmet(need, set())]

    def _unmet(self, need: Requirement, seen: set[str]) -> Iterator[Requirement]:
        found = self.find(canonicalize_name(need.name))
        if found is None or not need.specifier.contains(found.version, prereleases=True):
            yield need
        elif need.extras and str(need) not in seen:
            seen.add(str(need))
            plain = {str(inner) for inner in needs(found)}
            for inner in needs(found, need.extras):
                if str(inner) not in plain:
                    yield from self._unmet(inner, seen)


def host_paths(home: Path) -> list[str]:
    """The import path without the current folder and without plugin environments, which the host may have added."""
    environments = home / "environments"
    return [entry for entry in sys.path if entry and not Path(entry).is_relative_to(environments)]


def installed_in(folders: Iterable[str | Path]) -> dict[str, Distribution]:
    """The distributions in these folders by name; the first of a name wins, as in imports."""
    found: dict[str, Distribution] = {}
    for distribution in _read_all(importlib.metadata.distributions(path=[str(folder) for folder in folders])):
        found.setdefault(distribution.name, distribution)
    return found


def requested_in(environment: Path | None) -> set[str]:
    """The names of the distributions in a plugin environment that a user named (PEP 376)."""
    marked = environment.glob("*.dist-info/REQUESTED") if environment else ()
    return {canonicalize_name(marker.parent.stem.rpartition("-")[0]) for marker in marked}


def needed_names(distribution: Distribution) -> set[str]:
    """The names that `distribution` requires on this machine, not counting what its own extras would add."""
    return {canonicalize_name(need.name) for need in needs(distribution)}


def only_needed_by(
    gone: AbstractSet[str], environment: Mapping[str, Distribution], requested: AbstractSet[str]
) -> set[str]:
    """What nobody needs any more once `gone` is: neither a user nor, directly or not, another distribution."""
    needed: set[str] = set()
    waiting = sorted(requested - gone)
    while waiting:
        reached = waiting.pop()
        if reached in environment and reached not in needed:
            needed.add(reached)
            waiting += needed_names(environment[reached])
    return set(environment) - needed - gone


def wheel_distribution(wheel: Path) -> Distribution:
    """What a wheel's metadata says; the wheel was checked before.

    Raises:
        RefusedError: the metadata have no name or version.
    """
    with zipfile.ZipFile(wheel) as archive:
        member = next(
            (name for name in archive.namelist() if name.count("/") == 1 and name.endswith(".dist-info/METADATA")), None
        )
        read = _parsed(archive.read(member) if member else b"")
    if read is None:
        raise RefusedError("the wheel has no name or version in its metadata", file=wheel, fix="build the wheel again")
    return read


def needs(distribution: Distribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """The requirements that hold on this machine, with `extras` as well.

    Raises:
        RefusedError: one of them cannot be read.
    """
    wanted = ["", *extras]
    parsed = (_requirement(text, distribution) for text in distribution.requires)
    return [need for need in parsed if need.marker is None or _applies(need.marker, wanted)]


def _requirement(text: str, distribution: Distribution) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise RefusedError(f"{distribution} has a requirement that cannot be read: {text}") from error


def _applies(marker: Marker, extras: Sequence[str]) -> bool:
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def _read_all(found: Iterable[importlib.metadata.Distribution]) -> Iterator[Distribution]:
    """The distributions among `found` whose metadata can be read: a broken one helps nobody and harms nobody."""
    for distribution in found:
        try:
            text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")
        except (OSError, UnicodeDecodeError):
            continue
        read = _parsed(text or "", distribution.requires if text else None)
        if read:
            yield read


def _parsed(text: str | bytes, requires: Iterable[str] | None = None) -> Distribution | None:
    """What core metadata say; `requires` is for old formats that keep the requirements elsewhere."""
    metadata, _ = parse_email(text)
    name, version = metadata.get("name"), metadata.get("version")
    if not name or not version:
        return None
    needed = metadata.get("requires_dist") or requires or ()
    return Distribution(canonicalize_name(name), version, tuple(needed), metadata.get("requires_python", ""))
