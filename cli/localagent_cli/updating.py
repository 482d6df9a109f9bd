"""What is told of an update of a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent_cli import output
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from localagent_cli.scaffold.merging import Change
    from localagent_cli.scaffold.update import Update


def show_update(update: Update, *, plan: bool, as_json: bool) -> int:
    """Print what an update does or did, and give its exit code: 1 where it left a conflict behind."""
    if as_json:
        output.show_json(_as_json(update, plan=plan))
    else:
        for change in update.changes:
            output.show(_line(change))
    output.tell(_summary(update, plan=plan))
    if not plan and update.after != update.before:
        output.tell(f"next: cd {update.folder} && git status, then commit what you agree with")
    return FAILED if update.conflicts and not plan else DONE


def _line(change: Change) -> str:
    was = f"{change.was} -> " if change.was else ""
    reason = f"  ({change.reason})" if change.reason else ""
    return f"{change.action:<9} {was}{change.path}{reason}"


def _summary(update: Update, *, plan: bool) -> str:
    if update.before == update.after:
        return f"nothing to do: the plugin is at the template of LocalAgent {update.after}"
    done = "would bring" if plan else "ended an earlier update that brought" if update.resumed else "brought"
    conflicts = f", {len(update.conflicts)} of them for you to decide" if update.conflicts else ""
    return f"{done} the plugin from template {update.before} to {update.after}: {len(update.changes)} files{conflicts}"


def _as_json(update: Update, *, plan: bool) -> dict[str, object]:
    return {
        "path": str(update.folder),
        "from": update.before,
        "to": update.after,
        "applied": not plan and update.before != update.after,
        "changes": [
            {"action": change.action, "path": change.path, "was": change.was, "reason": change.reason}
            for change in update.changes
        ],
    }
