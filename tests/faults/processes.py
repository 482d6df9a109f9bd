"""Processes that may hang, crash or close their streams, run to their end within a time limit."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_STEP = 0.02


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended.

    Attributes:
        code: its exit code; None where it had to be killed after the time limit.
        seconds: its life, or the time from the interruption to its end.
    """

    code: int | None
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """Both streams."""
        return f"{self.out}\n{self.err}"

    @property
    def has_traceback(self) -> bool:
        """Whether it showed a trace, as nobody who did not write it can read."""
        return "Traceback (most recent call last)" in self.text

    def last_line(self) -> str:
        """What it said last, for a report."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        return re.sub(r"/\S*/", "…/", lines[-1])[:140] if lines else ""


def run(
    argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, limit: float, interrupt_after: str | None = None
) -> Finished:
    """Run a process to its end.

    Its output goes to files: a pipe would stay open for as long as anything it started lives.

    Args:
        limit: seconds, after which it and its children are killed.
        interrupt_after: a text upon which Ctrl-C is pressed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            list(map(str, argv)),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        if interrupt_after is not None and _says(process, out, interrupt_after, began + limit):
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
        code = _wait(process, limit)
        seconds = time.monotonic() - began
        return Finished(code, _content(out), _content(err), seconds)


def _says(process: subprocess.Popen[bytes], out: IO[bytes], text: str, until: float) -> bool:
    while process.poll() is None and time.monotonic() < until:
        if text in _content(out):
            return True
        time.sleep(_STEP)
    return False


def _wait(process: subprocess.Popen[bytes], limit: float) -> int | None:
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _content(stream: IO[bytes]) -> str:
    # The descriptor's position is the writer's too, so it must not be moved.
    return os.pread(stream.fileno(), 1 << 20, 0).decode(errors="replace")
