"""One finding, with its place and its fix."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from localagent.manifest.place import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localagent.diagnostics.edits import Edit

__all__ = ["Diagnostic", "Place", "Severity"]


class Severity(Enum):
    """How much a finding matters: an error fails a check, a warning does only under ``--strict``."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding of one rule.

    Attributes:
        rule: the rule's id, such as ``LA103``.
        severity: how much it matters.
        message: what is wrong, one sentence without a final full stop.
        where: the file and place.
        hint: what was probably meant, such as a did-you-mean; may be empty.
        fix: what to change, or the command that does; may be empty.
        edit: the change itself, where it is certain and safe.
    """

    rule: str
    severity: Severity
    message: str
    where: Place
    hint: str = field(default="", kw_only=True)
    fix: str = field(default="", kw_only=True)
    edit: Edit | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values: rule, severity, message, file, line, column, hint, fix, fixable."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "message": self.message,
            "file": str(self.where.file),
            "line": self.where.line,
            "column": self.where.column,
            "hint": self.hint,
            "fix": self.fix,
            "fixable": self.edit is not None,
        }
