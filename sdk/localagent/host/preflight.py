"""Learn what plugins are by running them in child processes, so that what they do there never reaches the host."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.host.budgets import Budgets
from localagent.host.places import frames_in, own_line
from localagent.host.records import Record
from localagent.host.spec import Flaw
from localagent.host.surroundings import shortened
from localagent.services.redacting import Redactor, secrets_at_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from localagent.host.preflight_child import main; main()"
)
_LOOK_EVERY = 0.02
"""Seconds between two looks at a child."""
_ENOUGH = 8
"""So many plugins are worth a child of their own; starting one costs as much as importing a few."""
_MOST_CHILDREN = 4
_TIMEOUT = re.compile(r"^Timeout \(", re.MULTILINE)


def preflight(specs: Sequence[PluginSpec], home: Home, budgets: Budgets | None = None) -> dict[PluginSpec, Record]:
    """Import, construct and register plugins in child processes, and tell what was seen of each.

    Judged is what a child wrote, not how it ended: a plugin that ends the process with code 0 left no answer either.
    """
    run = Preflight(specs, home, budgets)
    try:
        return run.records()
    finally:
        run.stop()


class Preflight:
    """Looks at plugins, several in one child; where a plugin ends the child, the rest go on in a fresh one."""

    def __init__(self, specs: Sequence[PluginSpec], home: Home, budgets: Budgets | None = None) -> None:
        self._specs = tuple(specs)
        self._home = home
        self._redactor = Redactor(lambda: secrets_at_hand(home, os.environ))
        self._budgets = budgets or Budgets()
        self._stopped = threading.Event()

    def records(self) -> dict[PluginSpec, Record]:
        """What was seen of each plugin, in the order in which they were given; blocks until all were looked at."""
        count = min(_MOST_CHILDREN, os.cpu_count() or 1, -(-len(self._specs) // _ENOUGH))
        if count <= 1:
            found = self._look_at(self._specs)
        else:
            found = self._look_side_by_side([self._specs[start::count] for start in range(count)])
        return {spec: found[spec] for spec in self._specs if spec in found}

    def stop(self) -> None:
        """End what still runs; may be called from another thread."""
        self._stopped.set()

    def _look_side_by_side(self, shares: list[tuple[PluginSpec, ...]]) -> dict[PluginSpec, Record]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(shares), thread_name_prefix="localagent-preflight") as pool:
            try:
                answers = list(pool.map(self._look_at, shares))
            finally:
                self.stop()
        return {spec: record for found in answers for spec, record in found.items()}

    def _look_at(self, specs: Sequence[PluginSpec]) -> dict[PluginSpec, Record]:
        found: dict[PluginSpec, Record] = {}
        waiting: tuple[PluginSpec, ...] = tuple(specs)
        while waiting and not self._stopped.is_set():
            with tempfile.TemporaryDirectory(prefix="localagent-preflight-", ignore_cleanup_errors=True) as folder:
                child = _Child(Path(folder), waiting, self._home, self._budgets, self._redactor.redact)
                child.run(self._stopped.is_set)
                found |= child.answers()
                found |= child.casualty(first=waiting[0]) if not self._stopped.is_set() else {}
                _keep_output(child.outputs(), self._home)
            waiting = tuple(spec for spec in waiting if spec not in found)
        return found


@dataclasses.dataclass(slots=True)
class _Child:
    """One process, which looks at several plugins one after the other."""

    folder: Path
    specs: tuple[PluginSpec, ...]
    home: Home
    budgets: Budgets
    redact: Callable[[str], str]
    code: int | None = None

    def run(self, is_stopped: Callable[[], bool]) -> None:
        """Let the process run to its end, as long as it goes on from plugin to plugin; leaves nothing of it behind."""
        request = {
            "home": str(self.home.path),
            "budgets": self.budgets._asdict(),
            "specs": {str(position): spec.to_row() for position, spec in enumerate(self.specs)},
        }
        (self.folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        with (self.folder / "child.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", "-u", "-c", _BOOT, json.dumps(sys.path), str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                self._watch(process, is_stopped)
            finally:
                # The whole group: a plugin may have started processes that outlive the child.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                self.code = self.code if self.code is not None else process.poll()
                process.wait()

    def answers(self) -> dict[PluginSpec, Record]:
        """What the process wrote of the plugins it finished with."""
        found: dict[PluginSpec, Record] = {}
        for position, spec in enumerate(self.specs):
            with contextlib.suppress(FileNotFoundError):
                text = (self.folder / f"{position}.json").read_text(encoding="utf-8")
                found[spec] = Record.from_dict(json.loads(text))
        return found

    def casualty(self, *, first: PluginSpec) -> dict[PluginSpec, Record]:
        """The plugin that ended the process, as failed; nothing where that is not sure.

        Where others ran before it in the same process, one of them may have left the bomb. So it gets a process of its
        own next, and is to blame if it is the `first` there.
        """
        position, step = self._place()
        if position is None:
            why = self.redact(_last_line(self.folder / "child.log")) or f"code {self.code}"
            return {spec: _failed(spec, "import", f"the preflight did not start: {why}") for spec in self.specs}
        spec = self.specs[position]
        if spec != first or (self.folder / f"{position}.json").exists():
            return {}
        return {spec: _failed(spec, step, self._cause(position, step), _deepest_place(self._stack(position), spec))}

    def outputs(self) -> dict[str, str]:
        """What was printed, by plugin."""
        return {
            spec.name: self.redact(shortened(_read(self.folder / f"{position}.log")))
            for position, spec in enumerate(self.specs)
        }

    def _watch(self, process: subprocess.Popen[bytes], is_stopped: Callable[[], bool]) -> None:
        """Wait until the process ended or is stuck with one plugin; `code` is None where it did not end by itself."""
        place, since = None, time.monotonic()
        while not is_stopped():
            try:
                self.code = process.wait(_LOOK_EVERY)
            except subprocess.TimeoutExpired:
                now = self._place()[0]
                if now != place:
                    place, since = now, time.monotonic()
                elif time.monotonic() - since > self.budgets.preflight:
                    return
            else:
                return

    def _place(self) -> tuple[int | None, str]:
        """Which plugin the process is at, and at which step; None before the first."""
        position, _, step = _read(self.folder / "place").strip().partition(" ")
        return (int(position), step) if position else (None, "")

    def _stack(self, position: int) -> str:
        """What faulthandler wrote: the child's own into a file, that of a guarded step to standard error."""
        return _read(self.folder / f"{position}.trace") + _read(self.folder / f"{position}.log")

    def _cause(self, position: int, step: str) -> str:
        if self.code is None:
            return f"it was not done after {self.budgets.preflight:g} s"
        if _TIMEOUT.search(self._stack(position)):
            return f"it was not done after {self.budgets.limit_of(step):g} s, and could not be stopped"
        if self.code < 0:
            name = signal.Signals(-self.code).name
            return f"it crashed the process ({name})" + (
                ", perhaps for lack of memory" if -self.code == signal.SIGKILL else ""
            )
        last = self.redact(_last_line(self.folder / f"{position}.log"))
        return f"it ended the process with code {self.code}{': ' + last if last else ''}"


def _failed(spec: PluginSpec, step: str, cause: str, place: str = "") -> Record:
    return Record(failure=Flaw(step, f"{step}: {cause}", place or str(spec.module_file or spec.source.root)))


def _deepest_place(stack: str, spec: PluginSpec) -> str:
    """The plugin's own line that was running, of the stack that the child wrote while it hung or crashed."""
    file, line = own_line(frames_in(stack), spec.code_root)
    return f"{file}:{line}" if file else ""


def _keep_output(outputs: Mapping[str, str], home: Home) -> None:
    """Append what plugins printed to their logs."""
    for name, text in outputs.items():
        if text:
            file = home.log_file(name)
            # A home that cannot be written to must not keep plugins from being known.
            with contextlib.suppress(OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a", encoding="utf-8") as log:
                    log.write(text if text.endswith("\n") else f"{text}\n")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _last_line(file: Path) -> str:
    return _read(file).strip().rpartition("\n")[2].strip()
