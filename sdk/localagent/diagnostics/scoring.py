"""How well a plugin is made: the highest tier all of whose rules it keeps, with the evidence for each rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from localagent.diagnostics.catalogue import rules
from localagent.diagnostics.choosing import ignored_by
from localagent.diagnostics.project import open_project
from localagent.diagnostics.rule import Tier
from localagent.diagnostics.validation import STATIC_FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.project import Project

TIERS = (Tier.BRONZE, Tier.SILVER, Tier.GOLD, Tier.PLATINUM)


class Standing(Enum):
    """How a plugin stands to a rule."""

    KEPT = "kept"
    BROKEN = "broken"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a plugin stands to one rule, or to one of the results that belong to a tier.

    Attributes:
        rule: the rule's id, or the name of the result.
        title: what must hold.
        tier: the tier it belongs to.
        standing: whether it holds.
        proof: places, tests or archives that show it.
        missing: what to do for it to hold; empty where it does.
    """

    rule: str
    title: str
    tier: Tier
    standing: Standing
    proof: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        return {
            "rule": self.rule,
            "title": self.title,
            "tier": self.tier.value,
            "standing": self.standing.value,
            "proof": list(self.proof),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Score:
    """How well a plugin is made.

    Attributes:
        path: what was looked at.
        evidence: by rule, in the order of their ids; results last.
    """

    path: Path
    evidence: tuple[Evidence, ...]

    @property
    def tier(self) -> Tier | None:
        """The highest tier of which everything holds, and of those below it; None if not even bronze is reached."""
        reached = None
        for tier in TIERS:
            if self.lacking(tier):
                break
            reached = tier
        return reached

    @property
    def next(self) -> Tier | None:
        """The tier to work for; None where the highest is reached."""
        reached = self.tier
        above = TIERS[TIERS.index(reached) + 1 :] if reached else TIERS
        return above[0] if above else None

    def of(self, tier: Tier) -> tuple[Evidence, ...]:
        """All that belongs to one tier."""
        return tuple(each for each in self.evidence if each.tier is tier)

    def lacking(self, tier: Tier) -> tuple[Evidence, ...]:
        """What keeps a plugin from one tier."""
        return tuple(each for each in self.of(tier) if each.standing in (Standing.BROKEN, Standing.UNKNOWN))

    def to_dict(self) -> dict[str, Any]:
        """The score as JSON values."""
        return {
            "path": str(self.path),
            "tier": self.tier.value if self.tier else None,
            "next": self.next.value if self.next else None,
            "evidence": [each.to_dict() for each in self.evidence],
        }


def score_path(path: Path, *, results: Sequence[Evidence] = ()) -> Score:
    """The score of a source tree by all static rules, those for the higher tiers included.

    Args:
        path: the plugin's folder.
        results: what else is known of it, such as of its tests and its wheel.
    """
    project = open_project(path)
    return Score(path, (*_by_rules(project), *results))


def _by_rules(project: Project) -> Iterator[Evidence]:
    ignored = ignored_by(project)
    readable = project.document is not None
    for family in STATIC_FAMILIES:
        for rule in rules(family):
            # Where the manifest cannot be read, only the rules about that can be judged.
            is_judged = readable or rule.id in ("LA100", "LA101")
            found = tuple(rule.check(project)) if is_judged else ()
            if rule.id in ignored:
                standing = Standing.IGNORED
            elif not is_judged:
                standing = Standing.UNKNOWN
            else:
                standing = Standing.BROKEN if found else Standing.KEPT
            places = tuple(_place(each, project) for each in found)
            missing = tuple(f"{_place(each, project)}: {each.message}" for each in found)
            yield Evidence(rule.id, rule.title, rule.tier, standing, places, missing)


def _place(finding: Diagnostic, project: Project) -> str:
    file = finding.where.file
    name = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else str(file)
    return ":".join(str(part) for part in (name, finding.where.line, finding.where.column) if part is not None)
