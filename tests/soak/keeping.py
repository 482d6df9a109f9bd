"""What was found out about one state of the sources, kept in a file, so that a long run can be gone on with."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localagent.services.files import read_json, write_json

TESTED = ("sdk", "cli", "testing", "templates", "tests", "examples", "pyproject.toml")
"""All that the tests rest on."""


def state_of(root: Path) -> str:
    """A digest of the Python that runs this and of all that is tested, whether it is committed or not."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *TESTED]
    listed = subprocess.run(words, cwd=root, capture_output=True, check=True).stdout
    digest = hashlib.sha256(sys.version.encode())
    for name in sorted(set(listed.split(b"\0"))):
        file = root / os.fsdecode(name)
        if file.is_symlink():
            digest.update(name + b" is " + os.fsencode(file.readlink()))
        elif file.is_file():
            digest.update(name + b" has " + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


@dataclass(slots=True)
class Kept:
    """What is known of one state of the sources, in a file.

    Attributes:
        file: which is written anew with each thing that is found out.
        state: of the sources.
        found: JSON objects by the name of what was tried; empty once the sources changed.
        seconds: how long each took the last time, whatever the sources were.
    """

    file: Path
    state: str
    found: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def read(cls, file: Path, state: str) -> Kept:
        """What `file` says; nothing where there is none, or none that can be read."""
        try:
            data = read_json(file, default={})
        except ValueError:
            data = {}
        found = data.get("found", {}) if data.get("state") == state else {}
        return cls(file, state, found, data.get("seconds", {}))

    def keep(self, name: str, found: dict[str, Any] | None, *, seconds: float) -> None:
        """Note what was found out of `name`, None for nothing that lasts, and how long that took."""
        self.seconds[name] = seconds
        if found is not None:
            self.found[name] = found
        self._write()

    def is_current(self, root: Path) -> bool:
        """Whether the sources still are what they were, so that what is kept is true of them."""
        return state_of(root) == self.state

    def forget(self, names: Iterable[str]) -> None:
        """Have these tried again."""
        for name in names:
            self.found.pop(name, None)
        self._write()

    def expected(self, names: Iterable[str]) -> float | None:
        """Seconds that all of these took the last time together; None where one was never tried."""
        known = [self.seconds.get(name) for name in names]
        return None if None in known else sum(filter(None, known))

    def _write(self) -> None:
        write_json(self.file, {"state": self.state, "found": self.found, "seconds": self.seconds})
