"""What each step of loading a plugin costs: time and memory."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from localagent.host.records import Cost


class Meter:
    """Measures steps one after the other.

    Args:
        note: told the name of each step before it begins.
    """

    def __init__(self, note: Callable[[str], object] = lambda _: None) -> None:
        self._measured: list[tuple[str, float, int]] = []
        self._note = note

    @property
    def costs(self) -> tuple[Cost, ...]:
        """What was measured, in order; a step that failed counts too."""
        from localagent.host.records import Cost

        return tuple(Cost(*each) for each in self._measured)

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measure what is done in the block."""
        self._note(name)
        began, memory = time.perf_counter(), resident()
        try:
            yield
        finally:
            self._measured.append((name, time.perf_counter() - began, max(0, resident() - memory)))


def resident() -> int:
    """Bytes of memory this process has, where the system tells at no cost; 0 elsewhere."""
    try:
        with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123 - a Path costs more than the reading
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0
