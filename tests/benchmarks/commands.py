"""What one plugin's command costs, alone and among many."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop

_COMMAND = "plugin-0000"

ROWS = (
    Row("a plugin's command against import typer, rich", Quantity("command"), Quantity("import typer, rich"), 1.5),
    Row("a heavy command among 100 against alone", Quantity("heavy, 100"), Quantity("heavy, 1"), 1.10),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part."""
    none = workshop.place("light", 0)
    yield Contestant("import typer, rich", (none.python, "-c", "import typer, rich"), none.env, workshop.work)
    for name, kind, count in (("command", "light", 1), ("heavy, 1", "heavy", 1), ("heavy, 100", "heavy", 100)):
        place = workshop.place(kind, count)
        yield Contestant(name, (place.localagent, _COMMAND), place.env, workshop.work)
