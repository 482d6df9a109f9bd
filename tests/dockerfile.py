"""The steps of a Dockerfile, executed in a folder and a virtual environment: what an engine would do, without one."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

_FROM = re.compile(r"python:(\d+)\.(\d+)-slim")
_NETWORK = ("PIP_", "SSL_CERT_", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_")
_USERADD = """\
#!/bin/sh
while [ $# -gt 1 ]; do
  [ "$1" = --uid ] && uid=$2
  shift
done
mkdir -p "{root}/home/$1"
echo "$1:x:$uid::{root}/home/$1" >> "{root}/etc/passwd"
"""
"""Adds no user to this machine: it notes the name and the number, and makes the home."""


def steps_in(text: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments; lines that go on are joined."""
    for line in text.replace("\\\n", "").splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, value = line.partition(" ")
            yield word, value.strip()


class Image:
    """What the steps of a Dockerfile have made so far.

    The image's Python is a virtual environment of the running one. Folders that the steps themselves name lie below
    `root`; other absolute paths are this machine's, so a step that writes to one shows when it is read, not here.

    Args:
        context: the folder with the Dockerfile.
        root: an empty folder.
        find_links: a folder with wheels that pip looks into first.
    """

    def __init__(self, context: Path, root: Path, *, find_links: Path) -> None:
        self.context = context
        self.root = root
        self.entrypoint: list[str] = []
        self.default: list[str] = []
        self._folders: list[str] = []
        self._at = root
        programs = root / "usr/sbin"
        programs.mkdir(parents=True)
        (root / "etc").mkdir()
        (programs / "useradd").write_text(_USERADD.format(root=root), encoding="utf-8")
        (programs / "useradd").chmod(0o755)
        path = [programs, root / "usr/local/bin", "/usr/bin", "/bin"]
        self._variables = {name: value for name, value in os.environ.items() if name.startswith(_NETWORK)}
        self._variables |= {"PATH": ":".join(map(str, path)), "HOME": os.environ["HOME"]}
        self._variables["PIP_FIND_LINKS"] = f"{find_links} {os.environ.get('PIP_FIND_LINKS', '')}".strip()

    def build(self) -> Image:
        """Execute every step; each has to succeed."""
        steps: dict[str, Callable[[str], None]] = {
            "FROM": self._from,
            "RUN": self._run,
            "COPY": self._copy,
            "USER": self._user,
            "WORKDIR": self._workdir,
            "ENV": self._env,
            "ENTRYPOINT": lambda value: self.entrypoint.extend(json.loads(value)),
            "CMD": lambda value: self.default.extend(json.loads(value)),
        }
        for word, value in steps_in((self.context / "Dockerfile").read_text(encoding="utf-8")):
            steps[word](value)
        return self

    def run(self, *words: str) -> str:
        """What the image's program prints with `words`, or with those of the Dockerfile; it has to succeed."""
        return self._shell(shlex.join([*self.entrypoint, *(words or self.default)]))

    def _from(self, value: str) -> None:
        found = _FROM.fullmatch(value)
        assert found, value
        assert tuple(map(int, found.groups())) <= sys.version_info[:2]
        venv.create(self.root / "usr/local", with_pip=True, symlinks=True)

    def _run(self, value: str) -> None:
        self._shell(value)

    def _copy(self, value: str) -> None:
        source, target = shlex.split(value)
        assert source == "."
        self._inside(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.context, self._inside(target), ignore=self._ignored)

    def _user(self, value: str) -> None:
        """A user whom an earlier step added, by name or by number."""
        users = [line.split(":") for line in (self.root / "etc/passwd").read_text(encoding="utf-8").splitlines()]
        (self._variables["HOME"],) = [home for name, _, number, _, home in users if value in (name, number)]

    def _workdir(self, value: str) -> None:
        self._at = self._inside(value)
        self._at.mkdir(parents=True, exist_ok=True)

    def _env(self, value: str) -> None:
        self._variables |= dict(word.split("=", 1) for word in shlex.split(value))

    def _inside(self, path: str) -> Path:
        self._folders.append(path)
        return self.root / path.lstrip("/")

    def _shell(self, line: str) -> str:
        for folder in self._folders:
            line = re.sub(rf"(?<![\w./-]){re.escape(folder)}(?![\w.-])", str(self.root / folder.lstrip("/")), line)
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self._at, env=self._variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _ignored(self, folder: str, names: list[str]) -> set[str]:
        """What ``.dockerignore`` leaves out: a pattern holds at the top, with ``**/`` before it everywhere."""
        at_top = Path(folder) == self.context
        patterns = (self.context / ".dockerignore").read_text(encoding="utf-8").split()
        held = [pattern.removeprefix("**/") for pattern in patterns if at_top or pattern.startswith("**/")]
        return {name for name in names for pattern in held if fnmatch.fnmatchcase(name, pattern)}
