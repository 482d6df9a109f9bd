"""Processes of others' code, of which nothing goes on when the call ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import IO


def run_whole(
    command: Sequence[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str],
    stdin: int,
    stdout: IO[bytes] | int,
    stderr: int,
    timeout: float | None = None,
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run`; what the process started is ended with it, also on time-out and on Ctrl-C.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds.
        subprocess.CalledProcessError: `check` is set, and it did not end with 0.
        OSError: it cannot be started.
    """
    # A session of its own: a Ctrl-C of the terminal reaches this process alone, which then ends all of the others.
    process = subprocess.Popen(
        list(command), cwd=cwd, env=dict(env), stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )
    try:
        code = process.wait(timeout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if check and code:
        raise subprocess.CalledProcessError(code, list(command))
    return subprocess.CompletedProcess(list(command), code)
