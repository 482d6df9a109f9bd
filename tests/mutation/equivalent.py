"""Mutants that no test can notice, with the reasons that somebody wrote down."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from mutation.verdicts import Survivor


@dataclass(frozen=True, slots=True)
class Equivalents:
    """Reasons by file, function and the lines that a mutant has instead of the original's."""

    reasons: dict[tuple[str, str, str], str]

    def reason(self, file: str, survivor: Survivor) -> str | None:
        """Why a survivor of a module cannot be noticed; None if nobody said so."""
        return self.reasons.get((file, survivor.function, survivor.now))


def read_equivalents(file: Path) -> Equivalents:
    """What a file says: for each function of each module, tables with the keys ``now`` and ``reason``."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    return Equivalents(
        {
            (module, function, now): each["reason"]
            for module, functions in told.items()
            for function, mutants in functions.items()
            for each in mutants
            for now in each["now"]
        }
    )
