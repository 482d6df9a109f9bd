"""Requirements that a list does not have yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def missing_requirements(present: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Those of `wanted` whose distribution is not among `present`, in their order; versions are not compared."""
    known = {_distribution(each) for each in present}
    return [each for each in wanted if _distribution(each) not in known]


def _distribution(requirement: str) -> str:
    """The normalised name, or the whole text where it is no requirement of PEP 508."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return requirement
