"""What a user is told of a fault, looked at as a user sees it: exit code, one message with its fix, no trace."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plain import GREETER_MANIFEST, Finished, MakePlugin, Run, command_plugin

GOOD = "good"
"""A healthy plugin's name, and its command's."""
BAD_MANIFEST = GREETER_MANIFEST.replace("greeter", "bad").replace("Greeter", "ThePlugin")
"""Of the flat plugin ``bad``."""
HURRY = {"import": 1.0, "initialise": 1.0, "handler": 1.0, "cleanup": 1.0, "grace": 0.2}
"""Seconds that steps may take here, so that a hang does not last."""


def assert_told(done: Finished, code: int, *words: str) -> None:
    """The command ended with this code and said these words, without a trace.

    It said a way out too, unless the plugin itself failed at what it was asked for (1), of which nobody knows one.
    """
    assert done.code == code, done.text
    assert "Traceback" not in done.text
    assert not [word for word in words if word not in done.text], done.text
    assert code in (0, 1, 130, 143) or "fix:" in done.text, done.text


def assert_works(localagent: Run, name: str = GOOD) -> None:
    """A plugin that has no part in the fault works."""
    done = localagent(name)
    assert (done.code, done.out) == (0, f"hello from {name}\n"), done.text


def enable(home: Path, *names: str, **settings: object) -> None:
    """Write a configuration in which these plugins are enabled; further words are further sections."""
    home.mkdir(parents=True, exist_ok=True)
    told = {"plugins": {name: {"enabled": True} for name in names}, **settings}
    (home / "config.yaml").write_text(json.dumps(told), encoding="utf-8")


def make_bad(make_plugin: MakePlugin, home: Path, source: str, **files: str) -> Path:
    """A plugin ``bad`` of this source beside the healthy one, both enabled; its folder."""
    make_plugin(GOOD)
    folder = make_plugin("bad", textwrap.dedent(source), **files)
    enable(home, GOOD, "bad")
    return folder


def bad_plugin(*, initialise: str = "return True", command: str = "pass", more: str = "") -> str:
    """The source of a plugin ``bad`` that does something wrong at a step; `more` are further methods."""
    source = command_plugin("bad", initialise="INITIALISE", command="COMMAND")
    for word, code in (("INITIALISE", initialise), ("COMMAND", command)):
        before, _, _ = source.partition(word)
        depth = len(before) - len(before.rstrip(" "))
        source = source.replace(word, textwrap.indent(textwrap.dedent(code).strip(), " " * depth).lstrip())
    return f"{source}\n{textwrap.indent(textwrap.dedent(more), ' ' * 4)}"


@dataclass(frozen=True)
class Finding:
    """What is said of one file, and where."""

    line: int
    column: int
    message: str
    fix: str


def findings(localagent: Run, work: Path, files: Mapping[str, str | bytes]) -> dict[str, list[Finding]]:
    """What ``dev validate`` says of each of these manifests, all looked at by one process."""
    for name, content in files.items():
        manifest = work / name / "plugin-manifest.yaml"
        manifest.parent.mkdir()
        manifest.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = localagent("dev", "validate", *(f"{name}/plugin-manifest.yaml" for name in files), "--format", "json")
    assert done.code in (0, 1), done.text
    assert "Traceback" not in done.text
    told: dict[str, list[Finding]] = {name: [] for name in files}
    for each in json.loads(done.out):
        finding = Finding(each["line"], each["column"], each["message"], f"{each['hint']} {each['fix']}".strip())
        told[Path(each["file"]).parts[0]].append(finding)
    return told
