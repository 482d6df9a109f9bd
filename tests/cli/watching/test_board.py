"""The live view of ``dev watch``, in a terminal that is another program's."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rendering import render

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="the terminal is tmux's")

PATIENCE = 60.0


class Pane:
    """A terminal in which one command runs."""

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

    def end(self) -> None:
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True)

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self._socket), *words], check=True, capture_output=True, text=True)
        return done.stdout


@pytest.fixture
def analyser(home: Path, work: Path) -> Path:
    return render(work / "dev-plugins", "project-analyzer", "command", "flat")


@pytest.fixture
def pane(analyser: Path, work: Path, tmp_path: Path) -> Iterator[Pane]:
    words = [sys.executable, "-m", "localagent_cli", "dev", "watch", "dev-plugins/project-analyzer"]
    command = f"env -u COLUMNS -u LINES {shlex.join(words)}"
    shown = Pane(tmp_path / "tmux", f"{command}; echo ended with $?; sleep 600", work)
    yield shown
    shown.end()


def test_it_shows_how_the_plugin_stands_and_obeys_its_keys(pane: Pane, analyser: Path) -> None:
    """Start, edit, broken edit, mend, all tests, quit."""
    file = analyser / "plugin.py"
    source = file.read_text()
    pane.shows("project-analyzer", "ready", "r reload   t all tests   q quit")
    file.write_text(f"{source}\n# edited\n")
    pane.shows("project-analyzer  2", " passed")
    file.write_text(f"{source}\nx = (\n")
    pane.shows("the old code goes on", "dev-plugins/project-analyzer/plugin.py", "was never closed")
    file.write_text(source)
    assert "SyntaxError" not in pane.shows("project-analyzer  3", "took")
    pane.press("r")
    pane.shows("project-analyzer  4")
    pane.press("t")
    pane.shows(" passed")
    assert "Warning:" not in pane.shows("plugin")
    pane.press("q")
    pane.shows("ended with 0")
