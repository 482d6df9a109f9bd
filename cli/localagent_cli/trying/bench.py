"""A place to run the tests of one plugin, in processes of their own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localagent_cli.trying.subject import Subject

    Runner = Callable[..., subprocess.CompletedProcess[str]]
    Tell = Callable[[str], object]

TAIL = 40
"""Lines of output that are kept."""

_STACK = "(most recent call first):\n"
"""What faulthandler prints before a stack."""

_INNERMOST = 5
"""Lines of such a stack that tell where it hung."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How tests are run.

    Attributes:
        runner: starts processes.
        tell: told what begins and may take long.
        audit: whether what the plugin uses is held against its permissions.
    """

    runner: Runner
    tell: Tell
    audit: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended: its exit code, None if it had to be stopped, and what it printed."""

    code: int | None
    output: str

    @property
    def reason(self) -> str:
        """Why there is no better news: one sentence, then where it hung or what was printed last."""
        stack = self.output.rpartition(_STACK)[2].splitlines()
        if self.code is None and _STACK in self.output:
            return "\n".join(("it hung, and had to be stopped:", *stack[:_INNERMOST]))
        how = "it had to be stopped" if self.code is None else f"it ended with code {self.code}"
        return "\n".join((how, *self.output.strip().splitlines()[-TAIL:]))


@dataclass(frozen=True, slots=True)
class Bench:
    """A place to run the tests of one plugin.

    Attributes:
        subject: what is tested.
        scratch: a temporary folder.
        environ: the environment of the processes.
        manner: how they are run.
    """

    subject: Subject
    scratch: Path
    environ: Mapping[str, str]
    manner: Manner = field(repr=False)

    def run(self, command: tuple[str, ...], environ: Mapping[str, str], *, limit: float | None = None) -> Ended:
        """Run a command in the folder of what is tested, for at most `limit` seconds.

        Raises:
            OSError: it cannot be started.
        """
        log = self.scratch / "output"
        # A file, not a pipe: a process that a test left running would keep a pipe open.
        with log.open("wb") as output:
            try:
                code: int | None = self.manner.runner(
                    list(command),
                    cwd=self.subject.folder,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
        return Ended(code, log.read_text(encoding="utf-8", errors="replace"))
