"""Time that tells how long ago something was, though somebody sets the clock in between."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks of one machine.

    Attributes:
        boot: names the present start of the machine; `elapsed` values of different starts cannot be compared.
        elapsed: seconds since the machine started, its sleep included; nobody can set it.
        wall: seconds since 1970; anybody may set it.
    """

    boot: str
    elapsed: Callable[[], float]
    wall: Callable[[], float]

    def offset(self) -> float:
        """What to add to `elapsed` to have `wall`; changes only when the clock is set."""
        return self.wall() - self.elapsed()


def system_clock() -> Clock:
    """The clocks of this machine; where starts of the machine have no name, the wall clock serves as both."""
    counted = getattr(time, "CLOCK_BOOTTIME", None)
    try:
        boot = _BOOT_FILE.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    if not boot or counted is None:
        return Clock("", time.time, time.time)
    return Clock(boot, lambda: time.clock_gettime(counted), time.time)
