"""Faults 71 to 75: a plugin is to be made of words, in a place, or by a template that will not do."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from faults.told import assert_told
from localagent.manifest.document import read_document
from plain import Run

NAMES = {
    "empty": "",
    "keyword": "class",
    "standard library": "json",
    "dependency": "rich",
    "device": "con",
    "dot": ".x",
    "long": "x" * 300,
    "line break": "a\nb",
    "right to left": "a\u202eb",
    "slash": "a/b",
    "parent": "../x",
}


@pytest.mark.parametrize("kind", NAMES)
def test_fault_71_name_cannot_be(kind: str, localagent: Run, work: Path) -> None:
    """A NUL cannot be part of a word on a command line; the rule itself is tried with one elsewhere."""
    assert_told(localagent("dev", "create-plugin", NAMES[kind], "command"), 2, "fix:")
    assert not [path for path in work.rglob("*") if path.is_file()]


def test_fault_72_description_is_hostile(localagent: Run, work: Path) -> None:
    text = 'It\'s "quoted" \\ back, \'\'\'three\'\'\' """three""" {{ x }} {% raw %} #: &a *b !c'
    done = localagent("dev", "create-plugin", "odd-words", "command", "--into", work, "--description", text)
    assert done.code == 0, done.text
    project = work / "odd-words"
    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["description"] == text
    manifest = next(project.rglob("plugin-manifest.yaml"))
    assert read_document(manifest).data["description"] == text
    for module in project.rglob("*.py"):
        ast.parse(module.read_text())


def test_fault_73_target_is_taken(localagent: Run, work: Path) -> None:
    (work / "taken").mkdir()
    (work / "taken" / "mine.txt").write_text("mine")
    (work / "file").write_text("mine")
    (work / "link").symlink_to(work / "taken")
    for name in ("taken", "file", "link"):
        assert_told(localagent("dev", "create-plugin", name, "command", "--into", "."), 2, name)
    assert_told(localagent("dev", "create-plugin", "new-one", "command", "--into", "file"), 2, "file")
    assert (work / "taken" / "mine.txt").read_text() == (work / "file").read_text() == "mine"
    assert not (work / "new-one").exists()


def test_fault_73_force_lists_what_it_replaces(localagent: Run, work: Path) -> None:
    assert localagent("dev", "create-plugin", "again", "command", "--into", ".").code == 0
    done = localagent("dev", "create-plugin", "again", "command", "--into", ".", "--force")
    assert done.code == 0, done.text
    assert "pyproject.toml" in done.err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_fault_74_making_is_interrupted(sent: signal.Signals, localagent: Run, work: Path) -> None:
    """At any of many moments it is tried elsewhere; here once, in the midst of writing."""
    command = [sys.executable, "-m", "localagent_cli", "dev", "create-plugin", "cut-off", "command", "--into", "."]
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 20
    while not list(work.glob(".localagent-new-*")) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(sent)
    _, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    assert not (work / "cut-off").exists() or (work / "cut-off" / "pyproject.toml").is_file()
    assert localagent("dev", "create-plugin", "cut-off", "command", "--into", ".", "--force").code == 0
    assert [path.name for path in work.iterdir()] == ["cut-off"]


@pytest.mark.parametrize("kind", ["task", "extension", "link"])
def test_fault_75_template_of_somebody_else(kind: str, localagent: Run, work: Path) -> None:
    template = work / "theirs"
    template.mkdir()
    asked: dict[str, object] = {"name": {"type": "str"}}
    if kind == "task":
        asked["_tasks"] = [f"touch {work / 'ran'}"]
    elif kind == "extension":
        asked["_jinja_extensions"] = ["theirs.Evil"]
    else:
        (template / "link").symlink_to("/etc")
    (template / "copier.yml").write_text(json.dumps(asked))
    (template / "plugin.py.jinja").write_text("x = 1\n")
    done = localagent("dev", "create-plugin", "new-one", "command", "--template", template, "--into", ".")
    assert_told(done, 4, "--trust")
    assert not (work / "ran").exists()
    assert not (work / "new-one").exists()
