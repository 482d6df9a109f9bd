"""New plugins as tests make them, and programs that look at them."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from localagent_cli.scaffold.render import renderer
from localagent_templates import KINDS

LAYOUTS = ("flat", "package")
ALL = [(kind, layout) for kind in KINDS for layout in LAYOUTS]
EVERYTHING = {
    "ci": "true",
    "docker": "true",
    "author_email": "zoe@example.org",
    "repository": "https://example.org/zoe/plugin",
}
"""Answers that ask for all that can be had."""


def render(into: Path, name: str, kind: str, layout: str, **answers: str) -> Path:
    """The folder of a new plugin; what was rendered once in this process is written again."""
    given = {"name": name, "kind": kind, "layout": layout, "author": 'Zo\u00eb "Z"', **answers}
    folder = into / name
    for path, content in _rendered(tuple(given.items())).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@functools.cache
def _rendered(answers: tuple[tuple[str, str], ...]) -> dict[Path, bytes]:
    """The files of a plugin by their paths in it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "plugin")
        renderer()(dict(answers), folder)
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*words: str, at: Path, **env: str) -> str:
    """What a Python module prints that is run as a program; it has to succeed."""
    return run_program(sys.executable, "-m", *words, at=at, **env)


def check_types(*options: str, cache: Path, at: Path) -> None:
    """Run mypy, which finds nothing; what it keeps in the folder `cache` is no other process's at that time."""
    with FileLock(cache.with_suffix(".lock")):
        run("mypy", *options, "--cache-dir", str(cache), at=at)


def run_program(*command: str, at: Path, **env: str) -> str:
    """What a program prints; it has to succeed."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("LOCALAGENT_")}
    done = subprocess.run(command, cwd=at, env=others | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
