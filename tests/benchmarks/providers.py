"""What a streamed answer costs over httpx2 alone; starting the process and importing is taken off."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop

_RACE = Path(__file__).parent / "provider_race.py"
_SERVER = Path(__file__).parent / "provider_server.py"
_CHUNKS = 10_000
_TIMES = 3
_QUESTIONS = 30
_FIVE = "5 ms"


def _spent(way: str) -> Quantity:
    return Quantity(way, less=f"{way}, no chunks")


ROWS = (
    Row("10 000 chunks from a provider against httpx2", _spent("provider"), _spent("httpx2"), 1.25),
    Row("10 000 chunks by the provider manager against httpx2", _spent("manager"), _spent("httpx2"), 1.25),
    Row(
        "time that passes until the first chunk by the manager, over that by httpx2, against 5 ms",
        Quantity("first by manager", less="first by httpx2"),
        Quantity(_FIVE),
        1.0,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part, with one server for all of them."""
    url = _start_server()
    for way in ("provider", "manager", "httpx2"):
        for name, chunks in ((way, _CHUNKS), (f"{way}, no chunks", 0)):
            argv = (sys.executable, str(_RACE), way, url, str(workshop.work), str(chunks), str(_TIMES))
            yield Contestant(name, argv, dict(os.environ), workshop.work)
    for way in ("manager", "httpx2"):
        argv = (sys.executable, str(_RACE), way, url, str(workshop.work), "1", str(_QUESTIONS))
        yield Contestant(f"first by {way}", argv, dict(os.environ), workshop.work, tells_seconds=True)
    yield Contestant(_FIVE, (sys.executable, "-c", "print(0.005)"), dict(os.environ), workshop.work, tells_seconds=True)


def _start_server() -> str:
    """The address of a server that ends with this process."""
    process = subprocess.Popen(
        [sys.executable, str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    atexit.register(process.communicate)
    assert process.stdout is not None
    return process.stdout.readline().strip()
