"""Which rules are applied: those for everyone, those somebody asks for, less those that are ignored with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from localagent.diagnostics.catalogue import FAMILIES, rule, suggested
from localagent.diagnostics.rule import Tier
from localagent.errors import UsageError
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.rule import Rule

FOR_EVERYONE = frozenset({Tier.BRONZE, Tier.SILVER})
"""Tiers that are checked unless somebody asks for rules by name; the others are for the score."""
IGNORE = ("tool", "localagent", "ignore")
"""The table of ``pyproject.toml`` with a reason for each rule that the project does not keep."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody asks for.

    Attributes:
        select: ids of rules, or of families such as ``LA3``; empty for all rules that are for everyone.
        ignore: ids of rules or families that are left out.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def takes(self, candidate: Rule[object]) -> bool:
        """Whether a rule is applied."""
        if _names(self.ignore, candidate):
            return False
        return _names(self.select, candidate) if self.select else candidate.tier in FOR_EVERYONE


EVERYONES = Choice()


def choice_of(select: Sequence[str], ignore: Sequence[str]) -> Choice:
    """A choice in the words of a command line: ids in any case, several in one word joined by commas.

    Raises:
        UsageError: there is no such rule or family; the nearest is suggested.
    """
    return Choice(*(tuple(_known(word) for text in texts for word in text.split(",")) for texts in (select, ignore)))


def ignored_by(project: Project) -> frozenset[str]:
    """The rules that a project leaves out for a reason."""
    pyproject = project.pyproject
    table = pyproject.table(*IGNORE) if pyproject else {}
    return frozenset(name for name, reason in table.items() if isinstance(reason, str) and reason.strip())


def _names(words: tuple[str, ...], candidate: Rule[object]) -> bool:
    return candidate.id in words or candidate.family in words


def _known(word: str) -> str:
    wanted = word.strip().upper()
    if wanted in FAMILIES or rule(wanted) is not None:
        return wanted
    raise UsageError(
        f"there is no rule '{shown(word)}'", fix=suggested(word) or "localagent dev explain   lists all rules"
    )
