"""What carrying messages costs beside other ways to do so; starting the process and importing is taken off."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row, Shortfall
from benchmarks.workshop import Workshop

_RACE = Path(__file__).parent / "message_race.py"
_TIMES = {"sync": 20_000, "async": 2_000, "request": 40_000}
_HAS_EAGER_TASKS = sys.version_info >= (3, 12)
"""Without them a task and its turn of the loop are most of what either side costs, so no goal above 1.1 can be had."""
_NO_EAGER_TASKS = Shortfall(
    "Before Python 3.12 a task begins at the next turn of the event loop. The task and that turn are three quarters of "
    "what a request costs either way, and what the bus adds or saves is the rest.",
    "Python 3.12 or later, where a handler that does not wait is done before its task would have begun. Stepping the "
    "handler in the sender's own task would do it before, but then a time limit of one could cancel the other.",
)


def _spent(way: str) -> Quantity:
    return Quantity(way, less=f"{way}, nothing sent")


ROWS = (
    Row("broadcast to 100 sync handlers against pluggy", _spent("bus_sync"), _spent("pluggy_sync"), 1 / 2),
    Row("broadcast to 100 sync handlers against blinker", _spent("bus_sync"), _spent("blinker_sync")),
    Row("broadcast to 100 sync handlers against pyee", _spent("bus_sync"), _spent("pyee_sync")),
    Row(
        "broadcast to 100 async handlers against a task each and gather",
        _spent("bus_async"),
        _spent("gather_async"),
        1 / 3 if _HAS_EAGER_TASKS else 1.0,
        asked=1 / 3,
        shortfall=_NO_EAGER_TASKS,
    ),
    Row("broadcast to 100 async handlers against pyee", _spent("bus_async"), _spent("pyee_async")),
    Row(
        "request with a deadline against future, table and wait_for",
        _spent("bus_request"),
        _spent("future_request"),
        1 / 1.5 if _HAS_EAGER_TASKS else 1 / 1.1,
        asked=1 / 1.5,
        shortfall=_NO_EAGER_TASKS,
    ),
)
_WAYS = dict.fromkeys(name for row in ROWS for name in (row.measured.of, row.against.of))


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part: each way with its messages and without any."""
    for way in _WAYS:
        peer, _, kind = way.partition("_")
        if peer in ("pluggy", "blinker", "pyee") and importlib.util.find_spec(peer) is None:
            continue
        for name, times in ((way, _TIMES[kind]), (f"{way}, nothing sent", 0)):
            yield Contestant(name, (sys.executable, str(_RACE), way, str(times)), dict(os.environ), workshop.work)
