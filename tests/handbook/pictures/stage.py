"""A user's folders in which commands are run for a picture, and what they showed as every machine would."""

from __future__ import annotations

import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localagent_cli.waiting import announcement
from terminal import on_terminal

COLUMNS = 100
_RULE = re.compile(r"─{20,}$", re.MULTILINE)
_WAITING = announcement([]).partition(":")[0]
"""How a line begins that only a slow machine shows."""


@dataclass(frozen=True)
class Stage:
    """A home folder with LocalAgent's home and a folder to work in.

    Attributes:
        user: the user's home; its path is shown as ``~``.
    """

    user: Path

    @property
    def home(self) -> Path:
        """LocalAgent's home."""
        return self.user / ".localagent"

    @property
    def work(self) -> Path:
        """The current folder of commands."""
        return self.user / "work"

    @property
    def variables(self) -> dict[str, str]:
        """What commands find in their environment beside what this process has."""
        own = {"HOME": str(self.user), "LOCALAGENT_HOME": str(self.home), "GIT_CONFIG_GLOBAL": "/dev/null"}
        return own | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

    def run(self, *words: str, shows_folders: bool = True) -> str:
        """The command as it is typed, and what it shows; folders have longer names than on the picture."""
        columns = COLUMNS + self._longer if shows_folders else COLUMNS
        argv = [sys.executable, "-m", "localagent_cli", *words]
        shown = on_terminal(argv, columns=columns, env=self.variables, folder=self.work)
        return typed(*words) + self.as_everywhere(shown)

    def as_everywhere(self, shown: str) -> str:
        """What was shown, without what is special to this machine."""
        shown = "".join(line for line in shown.splitlines(keepends=True) if not line.startswith(_WAITING))
        if str(self.user) in shown:
            # A table's rule is as long as its longest row, which ends with the name of a folder.
            shown = _RULE.sub(lambda rule: rule[0][: -self._longer], shown)
        texts = {str(self.user): "~", sys.executable: "/usr/bin/python3", platform.python_version(): "3.13.1"}
        for text, instead in texts.items():
            shown = shown.replace(text, instead)
        return re.sub(r"(installer: ).*", r"\1pip", shown)

    @property
    def _longer(self) -> int:
        return len(str(self.user)) - len("~")


def typed(*words: str) -> str:
    """The line at which a user types a command."""
    return f"\x1b[1;32m$\x1b[0m localagent {' '.join(words)}\n"


@contextmanager
def stage() -> Iterator[Stage]:
    """An empty stage, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="la-") as folder:
        made = Stage(Path(folder).resolve())
        made.home.mkdir()
        made.work.mkdir()
        yield made
