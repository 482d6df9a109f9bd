"""A run that somebody goes through phase by phase."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from localagent.errors import RunInterrupted


class Step(NamedTuple):
    """A phase that is about to begin, or is over.

    Attributes:
        run: the run's id.
        phase: the phase's id.
        state: empty before it begins; then ``succeeded``, ``tolerated`` or ``failed``.
        data: before it begins, what its agents are given: ``task``, the run's context and, as ``results``, what the
            phases gave that it depends on. When it is over, what it gave.
        error: why it failed; empty if it did not.
    """

    run: str
    phase: str
    state: str
    data: Mapping[str, Any]
    error: str = ""


Stepper = Callable[[Step], Awaitable[bool]]
"""Awaited with each step; before a phase False ends the run there, and it can be resumed."""


class Stepping:
    """Asks about one step at a time, however many phases run side by side.

    Args:
        stepper: who is asked; None asks nobody.
    """

    def __init__(self, stepper: Stepper | None) -> None:
        self._stepper = stepper
        self._turn = asyncio.Lock()
        self._stopped = False

    async def before(self, run: str, phase: str, data: Mapping[str, Any]) -> None:
        """Ask whether a phase may begin.

        Raises:
            RunInterrupted: it may not.
        """
        if self._stepper is None:
            return
        async with self._turn:
            self._stopped = self._stopped or not await self._stepper(Step(run, phase, "", data))
        if self._stopped:
            raise RunInterrupted(f"stopped before the phase '{phase}'", run=run)

    async def after(self, step: Step) -> None:
        """Tell that a phase is over."""
        if self._stepper is not None:
            async with self._turn:
                await self._stepper(step)
