"""What plugins need of other distributions, held against what is installed."""

from __future__ import annotations

from importlib.metadata import Distribution
from typing import TYPE_CHECKING, NamedTuple

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Unmet(NamedTuple):
    """Something that is needed and not there.

    Attributes:
        needed: the requirement, as it is written.
        present: the version that is installed instead; empty for none.
    """

    needed: str
    present: str

    def __str__(self) -> str:
        return f"it needs {self.needed}, and {self.present or 'none'} is installed"


def requirements_of(distribution: str, path: Sequence[str]) -> tuple[str, ...]:
    """What an installed distribution says it needs; nothing where it is not on the path or cannot be read."""
    found = _find(distribution, path)
    return tuple(found.requires or ()) if found is not None else ()


def unmet(requirements: Iterable[str], path: Sequence[str]) -> Iterator[Unmet]:
    """Those that nothing on an import path meets; extras and other platforms' are not asked for.

    Args:
        requirements: as PEP 508 writes them; what is none, a build or an installation tells.
        path: folders in which distributions lie.
    """
    for text in requirements:
        wanted = _asked_for(text)
        if wanted is None:
            continue
        found = _find(wanted.name, path)
        if found is None:
            yield Unmet(_shown(wanted), "")
        elif not wanted.specifier.contains(found.version, prereleases=True):
            yield Unmet(_shown(wanted), found.version)


def _asked_for(text: str) -> Requirement | None:
    """A requirement that holds for this Python, without an extra."""
    try:
        wanted = Requirement(text)
        is_meant = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
    except (InvalidRequirement, UndefinedEnvironmentName):
        return None
    return wanted if is_meant else None


def _shown(wanted: Requirement) -> str:
    return f"{wanted.name} {wanted.specifier}".rstrip()


def _find(name: str, path: Sequence[str]) -> Distribution | None:
    """A distribution, by its metadata; the first on the path counts, as in imports."""
    return next((each for each in Distribution.discover(name=name, path=list(path)) if each.version), None)
