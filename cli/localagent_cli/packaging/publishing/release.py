"""What is to be released, and what was found out about it so far."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Verdict(Enum):
    """Whether a release may go on, as far as one check tells."""

    GO = "go"
    WARNING = "warning"
    NO_GO = "no-go"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    Attributes:
        what: what had to hold.
        verdict: whether it does.
        detail: what was seen.
        fix: what to do; empty where nothing is to be done.
    """

    what: str
    verdict: Verdict
    detail: str
    fix: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON values."""
        return {"what": self.what, "verdict": self.verdict.value, "detail": self.detail, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class Release:
    """The archives of one version of a project.

    Attributes:
        project: its folder.
        name: of the distribution, as its metadata say.
        version: as its metadata say.
        sdist: the source archive.
        wheel: the wheel.
        plugins: the names of the plugins in it.
    """

    project: Path
    name: str
    version: str
    sdist: Path
    wheel: Path
    plugins: tuple[str, ...]

    @property
    def archives(self) -> tuple[Path, Path]:
        """What is uploaded."""
        return self.sdist, self.wheel

    @property
    def tag(self) -> str:
        """The tag of the commit that it was built from."""
        return f"v{self.version}"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
