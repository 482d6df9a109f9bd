"""All rows and curves, by the area that they are from."""

from __future__ import annotations

from benchmarks import (
    building,
    commands,
    discovery,
    growth,
    installing,
    messaging,
    providers,
    reloading,
    scaffolding,
    startup,
    testing,
    validating,
    workflows,
)
from benchmarks.measuring import Curve, Row

AREAS = {
    "startup": startup,
    "commands": commands,
    "growth": growth,
    "discovery": discovery,
    "installing": installing,
    "messaging": messaging,
    "providers": providers,
    "reloading": reloading,
    "scaffolding": scaffolding,
    "building": building,
    "testing": testing,
    "validating": validating,
    "workflows": workflows,
}
CURVES: dict[str, tuple[Curve, ...]] = {"growth": growth.CURVES}


def row_of(area: str, what: str) -> Row | None:
    """The row of that name; None if there is none any more."""
    rows: tuple[Row, ...] = AREAS[area].ROWS if area in AREAS else ()
    return next((row for row in rows if row.what == what), None)
