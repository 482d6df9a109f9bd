"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from localagent.services.clock import Clock


class FakeClock:
    """A machine's clocks, which a test moves; setting `wall` is what a user does who sets the clock.

    Attributes:
        boot: names the present start of the machine.
        since_boot: seconds since that start.
        wall: seconds since 1970.
    """

    def __init__(self, *, wall: float = 1_700_000_000.0, since_boot: float = 1000.0, boot: str = "first") -> None:
        self.boot = boot
        self.since_boot = since_boot
        self.wall = wall
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        """As `time.time`."""
        return self.wall

    def monotonic(self) -> float:
        """As `time.monotonic`."""
        return self.since_boot

    def clock(self) -> Clock:
        """These clocks as LocalAgent's services take them."""
        return Clock(self.boot, self.monotonic, self.time)

    def advance(self, seconds: float) -> None:
        """Let time pass; who slept no longer than that goes on when the event loop comes to it."""
        self.wall += seconds
        self.since_boot += seconds
        while self._sleepers and self._sleepers[0][0] <= self.since_boot:
            _, _, sleeper = heapq.heappop(self._sleepers)
            if not sleeper.done():
                sleeper.set_result(None)

    def restart(self, *, off: float = 0.0, boot: str = "second") -> None:
        """Start the machine anew, which was off for so many seconds."""
        self.boot = boot
        self.wall += off
        self.since_boot = 10.0

    async def sleep(self, seconds: float) -> None:
        """As `asyncio.sleep`, until the test has let so much time pass."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.since_boot + seconds, next(self._numbers), sleeper))
        await sleeper
