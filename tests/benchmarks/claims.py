"""The rows that the README claims, between two comments in it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.page import table

BEGIN = "<!-- written by nox -s bench -- --readme README.md -->\n"
END = "<!-- end of what is written -->"
CLAIMED = (
    "--help, 100 plugins against 0",
    "--help, 100 against llm --help",
    "plugins list, 100 against npe2 list",
    "broadcast to 100 sync handlers against pluggy",
    "dev create-plugin against copier copy --defaults of its template",
    "dev validate against npe2 validate",
    "dev build (hatchling) against python -m build",
    "plugins install -e PATH --no-enable against pip install -e",
    "time that passes from a save to the new code, over the quiet time, against 60 ms",
    "a save of a new plugin to the result of its tests in dev watch, against a fresh pytest of them",
    "1000 agents that do nothing in 10 phases, recorded, against a bare gather of each phase",
)
"""The names of the rows, as users meet what they are about."""


def write_claims(figures: Figures, readme: Path) -> None:
    """Bring the README's rows to a run's figures.

    Raises:
        ValueError: the run lacks a row, or the README the place for them.
    """
    rows = {row.what: row for row in figures.rows}
    missing = [what for what in CLAIMED if what not in rows]
    if missing:
        raise ValueError(f"the run has no row {missing[0]!r}")
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{readme} has no place for figures: {BEGIN.strip()} ... {END}")
    lines = "\n".join(table(tuple(rows[what] for what in CLAIMED)))
    readme.write_text(f"{before}{begin}{lines}\n{end}{after}", encoding="utf-8")
