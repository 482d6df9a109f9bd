"""Terminals for tests: real ones, of which the test is the other end, and tmux's, which know what is on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

PATIENCE = 60.0
"""Seconds after which what should be on a screen does not come any more."""


def on_terminal(
    argv: Sequence[str], *, columns: int, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """What a process shows whose standard output and standard error are a terminal of so many columns.

    Args:
        argv: the command.
        columns: how wide the terminal is.
        env: variables beside those of this process.
        folder: where it runs, by default where this process does.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    surroundings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    surroundings |= {"TERM": "xterm", **(env or {})}
    with subprocess.Popen(argv, stdin=its, stdout=its, stderr=its, env=surroundings, cwd=folder) as process:
        os.close(its)
        shown = b"".join(_read_all(ours))
        process.wait(timeout=60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def talk(argv: Sequence[str], *answers: tuple[str, str], env: Mapping[str, str] | None = None) -> tuple[str, int]:
    """What a process shows on a terminal where somebody answers, and its exit code.

    Args:
        argv: the command.
        answers: after what is shown, what is typed, in their order.
        env: variables beside those of this process.
    """
    ours, its = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **(env or {})}
    shown = b""
    with subprocess.Popen(
        argv,
        stdin=its,
        stdout=its,
        stderr=its,
        env=surroundings,
        preexec_fn=lambda: os.login_tty(0),  # noqa: PLW1509 - no threads here; so that Ctrl-C is a signal
    ) as process:
        os.close(its)
        for awaited, typed in answers:
            seen = len(shown)
            while awaited.encode() not in shown[seen:]:
                assert select.select([ours], [], [], 60)[0], shown.decode()
                shown += os.read(ours, 65536)
            os.write(ours, typed.encode())
        shown += b"".join(_read_all(ours))
        code = process.wait(timeout=60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n"), code


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


class Pane:
    """A terminal of tmux in which one command runs."""

    def __init__(self, socket: Path, command: str, folder: Path) -> None:
        self._socket = socket
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "20", "-c", str(folder), command)
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def shows(self, *texts: str) -> str:
        """What is on the terminal once all of these texts are."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            screen = self._tmux("capture-pane", "-p")
            if all(text in screen for text in texts):
                return screen
            time.sleep(0.1)
        pytest.fail(f"{texts} did not come:\n{self._tmux('capture-pane', '-p')}")

    def in_colour(self) -> str:
        """What is on the terminal now, with the codes of its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def end(self) -> None:
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self._socket), *words], check=True, capture_output=True, text=True)
        return done.stdout
