"""The static rules applied to a source tree or to a manifest alone; nothing of the plugin is imported."""

from __future__ import annotations

from dataclasses import dataclass

from localagent.diagnostics.catalogue import FAMILIES, rules
from localagent.diagnostics.choosing import EVERYONES, ignored_by
from localagent.diagnostics.diagnostic import Diagnostic, Severity
from localagent.diagnostics.project import Project, open_project
from localagent.diagnostics.rules import reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from localagent.diagnostics.choosing import Choice
    from localagent.diagnostics.rule import Rule

STATIC_FAMILIES = tuple(family for family in FAMILIES if family in {"LA1", "LA2", "LA3", "LA4"})


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules found.

    Attributes:
        path: what was checked, as it was given.
        root: the folder of the project it belongs to.
        diagnostics: every finding: the manifest's first, then those of other files, each in the file's order.
        checked: how many rules were applied.
        strict: whether warnings fail the check unless `failed` is told otherwise.
    """

    path: Path
    root: Path
    diagnostics: tuple[Diagnostic, ...]
    checked: int
    strict: bool = False

    def failed(self, strict: bool | None = None) -> bool:  # noqa: FBT001 - report.failed(strict) is how it is read
        """Whether there is an error or, when strict, a warning."""
        severities = {diagnostic.severity for diagnostic in self.diagnostics}
        is_strict = self.strict if strict is None else strict
        return Severity.ERROR in severities or (is_strict and Severity.WARNING in severities)


def validate_path(path: Path, *, strict: bool = False, choice: Choice = EVERYONES) -> Report:
    """Check a source tree by the static rules, or a manifest file by those of the manifest (LA1).

    A tree whose manifest is missing or unreadable has that one finding: the other rules read it. Rules that the
    project ignores for a reason are left out.
    """
    project = open_project(path)
    applied = _rules_for(project, choice, alone=not path.is_dir())
    found = (diagnostic for rule in applied for diagnostic in rule.check(project))
    return Report(path, project.root, tuple(sorted(found, key=_Order(project))), len(applied), strict)


def _rules_for(project: Project, choice: Choice, *, alone: bool) -> tuple[Rule[Any], ...]:
    if project.document is None:
        return reading.RULES
    ignored = ignored_by(project)
    families = ("LA1",) if alone else STATIC_FAMILIES
    found = (rule for family in families for rule in rules(family))
    return tuple(rule for rule in found if choice.takes(rule) and rule.id not in ignored)


@dataclass(frozen=True, slots=True)
class _Order:
    """Findings as one reads: the manifest, the project's metadata, then files by name, each from its top."""

    project: Project

    def __call__(self, diagnostic: Diagnostic) -> tuple[int, str, int, int, str, str]:
        where = diagnostic.where
        first = (self.project.manifest_file, self.project.root / "pyproject.toml")
        rank = first.index(where.file) if where.file in first else len(first)
        return rank, str(where.file), where.line or 0, where.column or 0, diagnostic.rule, diagnostic.message
