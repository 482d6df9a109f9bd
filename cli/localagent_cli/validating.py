"""Check plugins by the rules that run no plugin code, and show what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import UsageError
from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localagent.diagnostics.validation import Report

FORMATS = ("text", "json", "github")


def validate_paths(paths: Sequence[Path]) -> list[Report]:
    """One report for each path.

    Raises:
        UsageError: a path does not exist.
    """
    from localagent.diagnostics.validation import validate_path

    for path in paths:
        if not path.exists():
            raise UsageError("there is no such file or folder", file=path, fix="localagent dev validate PATH")
    return [validate_path(path) for path in paths]


def show_reports(reports: Sequence[Report], *, form: str, strict: bool) -> None:
    """Print all findings in one of `FORMATS`; a clean plugin gets a line on standard error.

    Raises:
        UsageError: there is no such format.
    """
    from localagent.diagnostics import render

    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'", fix=f"--format {'|'.join(FORMATS)}")
    if form == "json":
        output.show_json([finding.to_dict() for report in reports for finding in report.diagnostics])
    else:
        draw = render.render_text if form == "text" else render.render_github
        for report in reports:
            if report.diagnostics:
                output.show(draw(report.diagnostics, root=report.root).rstrip())
    for report in reports:
        verdict = "failed" if report.failed(strict) else "passed"
        output.tell(f"{report.path}: {verdict}, {len(report.diagnostics)} findings by {report.checked} rules")
