"""The live view of ``dev watch``, in a terminal that is another program's."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rendering import render
from terminal import Pane

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="the terminal is tmux's")


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
