"""What became of the mutants of one module, read from what mutmut leaves behind."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mutation.tree import Subject

_SURVIVED = 0
_UNTESTED = (5, 33)
_SEPARATOR = "ǁ"


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed.

    Attributes:
        function: what was mutated, as ``resolve`` or ``Place.text``.
        was: the lines of the original that it lacks, joined.
        now: the lines that it has instead, joined.
        tested: whether any test runs the function at all.
    """

    function: str
    was: str
    now: str
    tested: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The mutants of one module: how many there are, and those that no test noticed."""

    subject: Subject
    mutants: int
    survivors: tuple[Survivor, ...]

    @property
    def killed(self) -> int:
        """How many some test noticed, by failing or by not coming to an end."""
        return self.mutants - len(self.survivors)

    @property
    def score(self) -> float:
        """Which part was noticed, from 0 to 1; 1 where there is nothing to mutate."""
        return self.killed / self.mutants if self.mutants else 1.0


def read_verdict(subject: Subject, folder: Path) -> Verdict:
    """The verdict on a module after mutmut ran in the folder.

    Raises:
        ValueError: a mutant was not tried.
    """
    mutated = folder / "mutants" / subject.inside
    codes: Mapping[str, int | None] = json.loads(Path(f"{mutated}.meta").read_text(encoding="utf-8"))[
        "exit_code_by_key"
    ]
    untried = [name for name, code in codes.items() if code is None]
    if untried:
        raise ValueError(f"{subject.file}: {len(untried)} mutants were not tried, such as {untried[0]}")
    sources = dict(_functions(mutated.read_text(encoding="utf-8")))
    found = (
        _survivor(name.rpartition(".")[2], sources, tested=code == _SURVIVED)
        for name, code in codes.items()
        if code == _SURVIVED or code in _UNTESTED
    )
    return Verdict(subject, len(codes), tuple(sorted(found, key=lambda each: (each.function, each.was, each.now))))


def _functions(source: str) -> Iterator[tuple[str, list[str]]]:
    """All functions by name, with their lines."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # A mutant differs from the original by its name, too, which is no change.
            own = lines[node.lineno - 1 : node.end_lineno]
            yield node.name, [line.strip().replace(node.name, _plain(node.name).rpartition(".")[2]) for line in own]


def _plain(mangled: str) -> str:
    """A function's own name, after that of its class."""
    own = mangled.partition("__mutmut_")[0]
    return own.removeprefix(f"x{_SEPARATOR}").replace(_SEPARATOR, ".").removeprefix("x_")


def _survivor(name: str, sources: Mapping[str, list[str]], *, tested: bool) -> Survivor:
    original = f"{name.partition('__mutmut_')[0]}__mutmut_orig"
    changes = list(difflib.ndiff(sources[original], sources[name]))
    was, now = (" ".join(line[2:] for line in changes if line.startswith(sign)) for sign in "-+")
    return Survivor(_plain(name), was, now, tested)
