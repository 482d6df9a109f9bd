"""A terminal for tests: a real one, of which the test is the other end."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence


def on_terminal(argv: Sequence[str], *, columns: int, env: Mapping[str, str] | None = None) -> str:
    """What a process shows whose standard output and standard error are a terminal of so many columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    surroundings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    surroundings |= {"TERM": "xterm", **(env or {})}
    with subprocess.Popen(argv, stdin=its, stdout=its, stderr=its, env=surroundings) as process:
        os.close(its)
        shown = b"".join(_read_all(ours))
        process.wait(timeout=60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _read_all(descriptor: int) -> list[bytes]:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            # Linux says so when nobody has the other end open any more.
            return parts
        if not part:
            return parts
        parts.append(part)
