"""What each step of loading a plugin costs: time and memory."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from localagent.host.records import Cost

if TYPE_CHECKING:
    from collections.abc import Generator


class Meter:
    """Measures steps one after the other."""

    def __init__(self) -> None:
        self._costs: list[Cost] = []

    @property
    def costs(self) -> tuple[Cost, ...]:
        """What was measured, in order; a step that failed counts too."""
        return tuple(self._costs)

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measure what is done in the block."""
        began, memory = time.perf_counter(), _resident()
        try:
            yield
        finally:
            self._costs.append(Cost(name, time.perf_counter() - began, max(0, _resident() - memory)))


def _resident() -> int:
    """Bytes of memory this process has, where the system tells at no cost; 0 elsewhere."""
    try:
        with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123 - a Path costs more than the reading
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
