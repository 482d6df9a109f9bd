"""What is told of a folder that was made ready for developing plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from localagent_cli.workspace import Step


def show_steps(steps: Sequence[Step], *, home: Path, as_json: bool) -> None:
    """Print what became of each file and folder, and what to do next."""
    changed = any(step.changed for step in steps)
    if as_json:
        said = [{"path": str(step.path), "action": step.action, "note": step.note} for step in steps]
        output.show_json({"home": str(home), "changed": changed, "steps": said})
        return
    for step in steps:
        output.show(f"{step.action:<8} {step.path}{f'  ({step.note})' if step.note else ''}")
    output.tell("next: localagent dev create-plugin my-plugin command" if changed else "nothing changed")
