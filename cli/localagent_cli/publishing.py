"""Publishing as a person sees it: a table of what was tried, a question, and what is left to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localagent_cli import output
from localagent_cli.building import shortest
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent_cli.packaging.publishing.publish import Prospect
    from localagent_cli.packaging.publishing.release import Check, Release
    from localagent_cli.packaging.publishing.target_index import TargetIndex


def publish_and_show(
    path: Path, index: TargetIndex, *, dry_run: bool, as_json: bool, consent: Callable[[str], bool]
) -> int:
    """Try a release, show what came of it and, where nothing speaks against it, upload it; the exit code.

    `consent` is asked before the upload. For the errors see `prospect` and `publish`.
    """
    from localagent_cli.packaging.publishing.publish import prospect, publish

    dist = path / "dist"
    with prospect(path, index, dry_run=dry_run, tell=output.tell) as found:
        show_prospect(found, as_json=as_json)
        if not found.may_go or found.release is None:
            return FAILED
        if dry_run:
            output.tell(f"nothing was uploaded; to do it: localagent dev publish {shortest(path)}")
            show_commands(found.release, dist)
            return DONE
        if not consent(f"Upload {found.release} to {index}?"):
            return FAILED
        release = publish(found, keep_in=dist)
        output.tell(f"uploaded {release} to {index}")
        show_commands(release, dist)
        return DONE


def show_prospect(found: Prospect, *, as_json: bool) -> None:
    """Print the findings in the archives, the table and the verdict."""
    from localagent.diagnostics.render import render_text

    if as_json:
        output.show_json(
            {
                "release": str(found.release) if found.release else None,
                "index": str(found.index),
                "go": found.may_go,
                "checks": [check.to_dict() for check in found.checks],
                "findings": [finding.to_dict() for finding in found.findings],
            }
        )
        return
    if found.findings:
        output.show(render_text(found.findings, root=Path.cwd()).rstrip())
    output.show_table(("", "what", "seen"), [_row(check) for check in found.checks])
    for check in found.checks:
        _, *more = check.detail.splitlines() or [""]
        for line in more:
            output.tell(f"  {line}")
        if check.fix:
            output.tell(f"fix: {check.fix}")
    output.show(f"GO: {found.release}" if found.may_go else "NO-GO")


def show_commands(release: Release, dist: Path) -> None:
    """Tell which commands tag the release and tell GitHub of it."""
    from localagent_cli.packaging.publishing.publish import commands_for

    for line in commands_for(release, dist=Path(shortest(dist))):
        output.tell(f"then: {line}")


def _row(check: Check) -> tuple[str, str, str]:
    first, *_ = check.detail.splitlines() or [""]
    return check.verdict.value, check.what, first
