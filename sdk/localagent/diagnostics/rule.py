"""A rule: one check, with all that its documentation page says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from localagent.diagnostics.diagnostic import Diagnostic, Place, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localagent.diagnostics.edits import Edit

Subject = TypeVar("Subject")


class Tier(Enum):
    """How demanding a rule is: what everyone must keep is bronze."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, before it is known under which rule.

    Attributes:
        message: what is wrong, one sentence without a final full stop.
        where: the file and place.
        fix: what to change.
        hint: what was probably meant; may be empty.
        edit: the change itself, where it is certain and safe.
    """

    message: str
    where: Place
    fix: str
    hint: str = field(default="", kw_only=True)
    edit: Edit | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One check of a subject, which for the static families is a `Project`.

    Attributes:
        id: ``LA`` and three digits, the first of which is the family's.
        title: what must hold, as a short sentence.
        tier: how demanding it is.
        severity: how much its findings matter.
        explanation: why it must hold, for the documentation page.
        bad: a sample that breaks it.
        good: the sample put right.
        of_source: whether it is about what a source tree has and a wheel has not.
        find: gives what breaks the rule in a subject.
    """

    id: str
    title: str
    find: Callable[[Subject], Iterable[Finding]] = field(repr=False)
    tier: Tier = field(kw_only=True)
    severity: Severity = field(default=Severity.ERROR, kw_only=True)
    explanation: str = field(kw_only=True)
    bad: str = field(kw_only=True)
    good: str = field(kw_only=True)
    of_source: bool = field(default=False, kw_only=True)

    @property
    def family(self) -> str:
        """The id's first three characters, such as ``LA1``."""
        return self.id[:3]

    def check(self, subject: Subject) -> Iterator[Diagnostic]:
        """Every breach of the rule in `subject`."""
        for found in self.find(subject):
            yield Diagnostic(
                self.id,
                self.severity,
                found.message,
                found.where,
                hint=found.hint,
                fix=found.fix,
                edit=found.edit,
            )
