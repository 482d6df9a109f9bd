"""Findings in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS), which forges and editors read."""

from __future__ import annotations

from localagent.diagnostics.catalogue import rule as rule_of
from localagent.diagnostics.diagnostic import Severity
from localagent.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from localagent.diagnostics.diagnostic import Diagnostic

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def sarif_of(diagnostics: Iterable[Diagnostic], *, root: Path) -> dict[str, Any]:
    """A log with one run; files are relative to `root` where they lie below it, columns count characters."""
    found = list(diagnostics)
    ids = sorted({diagnostic.rule for diagnostic in found})
    driver = {"name": "localagent", "semanticVersion": __version__, "rules": [_described(each) for each in ids]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, ids.index(diagnostic.rule), root) for diagnostic in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _described(rule_id: str) -> dict[str, Any]:
    rule = rule_of(rule_id)
    if rule is None:
        return {"id": rule_id}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": f"{rule.explanation}\n\nBad:\n{rule.bad}\nGood:\n{rule.good}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.tier.value]},
    }


def _result(diagnostic: Diagnostic, index: int, root: Path) -> dict[str, Any]:
    parts = (diagnostic.message, diagnostic.hint, f"fix: {diagnostic.fix}" if diagnostic.fix else "")
    return {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(part for part in parts if part)},
        "locations": [{"physicalLocation": _location(diagnostic, root)}],
    }


def _location(diagnostic: Diagnostic, root: Path) -> dict[str, Any]:
    where = diagnostic.where
    file = where.file.absolute()
    uri = _quoted(file.relative_to(root).as_posix()) if file.is_relative_to(root) else file.as_uri()
    found: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if where.line is not None:
        column = {} if where.column is None else {"startColumn": where.column}
        found["region"] = {"startLine": where.line} | column
    return found


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)
