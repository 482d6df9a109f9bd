"""A run of a workflow while it goes on: what it is given, and how far it is."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.workflows.progress import Progress
from localagent_cli import output
from localagent_cli.asking import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from localagent.workflows.progress import Event


def read_context(words: Sequence[str]) -> dict[str, Any]:
    """What agents are to know: ``KEY=VALUE``, whose value is JSON or else text, or files with a mapping.

    Raises:
        UsageError: a word is neither.
        ManifestError: a file cannot be understood.
    """
    found: dict[str, Any] = {}
    for word in words:
        key, is_pair, value = word.partition("=")
        if is_pair and key.isidentifier():
            found[key] = _value(value)
        elif Path(word).is_file():
            found |= _of_file(Path(word))
        else:
            raise UsageError(
                f"'{word}' is neither KEY=VALUE nor a file", fix="give --context KEY=VALUE, or a JSON file"
            )
    return found


@contextlib.contextmanager
def shown(*, in_lines: bool = False) -> Generator[Callable[[Event], None]]:
    """What tells of events: on a terminal a dashboard, else or where it is asked for lines."""
    with _dashboard() if sys.stderr.isatty() and not in_lines else contextlib.nullcontext(_tell) as show:
        yield show


def line_of(event: Event) -> str:
    """An event as a line; empty for what is not told."""
    data = event.data
    if event.topic == "run":
        return f"run {data['workflow_id']}"
    if event.topic == "phase_started":
        return f"phase {data['phase']} ..."
    if event.topic in ("phase_completed", "phase_failed"):
        count = f"{data['succeeded']} of {data['agents']} succeeded"
        return f"phase {data['phase']}: {count}, {data['seconds']:.2f} s{_because(data)}"
    if event.topic == "workflow_interrupted":
        left = ", ".join(data["left"])
        note = f"could not be interrupted: {left}\n" if left else ""
        return f"{note}to go on: localagent workflow resume {data['workflow_id']}"
    return ""


def _because(data: dict[str, Any]) -> str:
    return f": {data['error']}" if "error" in data else ""


def _tell(event: Event) -> None:
    line = line_of(event)
    if line:
        output.tell(harmless(line))


@contextlib.contextmanager
def _dashboard() -> Generator[Callable[[Event], None]]:
    from rich.console import Console
    from rich.live import Live

    from localagent.ui.progress_dashboard import Dashboard

    progress = Progress()
    live = Live(
        get_renderable=lambda: Dashboard([progress.status], "Workflow"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    told: list[Event] = []

    def show(event: Event) -> None:
        if event.topic in ("run", "workflow_interrupted"):
            told.append(event)
        else:
            progress.take(event)

    try:
        with live:
            yield show
    finally:
        for event in told:
            _tell(event)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _of_file(file: Path) -> dict[str, Any]:
    from localagent.manifest.document import read_document

    found: dict[str, Any] = read_document(file).data
    return found
