"""Learn what plugins are by running them in a child process, so that what they do there never reaches the host."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.host.records import Record
from localagent.host.spec import Flaw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home

TIME_LIMIT = 30.0
"""Seconds one preflight may take."""

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from localagent.host.preflight_child import main; main()"
)


def preflight(specs: Sequence[PluginSpec], home: Home) -> dict[PluginSpec, Record]:
    """Import, construct and register each plugin in a child, and tell what was seen.

    The child writes its answer to a file: a plugin that ends the process with any exit code leaves none, and is then
    recorded as failed.
    """
    with tempfile.TemporaryDirectory(prefix="localagent-preflight-") as folder:
        answers: dict[PluginSpec, Record] = {}
        for position, spec in enumerate(specs):
            answer = Path(folder) / f"{position}.json"
            request = Path(folder) / f"{position}.request"
            request.write_text(json.dumps({"spec": spec.to_dict(), "home": str(home.path)}), encoding="utf-8")
            outcome = _run(request, answer)
            answers[spec] = _record(answer, outcome, spec)
        return answers


def _run(request: Path, answer: Path) -> str:
    """Run the child; the reason why there may be no answer."""
    log = request.with_suffix(".log")
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path), str(request), str(answer)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it took longer than {TIME_LIMIT:.0f} s to import"
    last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    return f"its process ended with code {done.returncode} while it was imported{': ' + last if last else ''}"


def _record(answer: Path, outcome: str, spec: PluginSpec) -> Record:
    try:
        return Record.from_dict(json.loads(answer.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Record(failure=Flaw("import", outcome, str(spec.module_file or spec.source.root)))
