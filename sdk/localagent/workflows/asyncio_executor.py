"""Agents in this process, on the event loop that plugins live on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from localagent.workflows.attempt import Control
from localagent.workflows.executor import AgentOutcome, come

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localagent.workflows.attempt import Part
    from localagent.workflows.executor import AgentCall, ExecutorNeeds, Lane

_CANCELLED_WITHIN = 0.5
"""Seconds that agents of a cancelled run get to end."""
_LEFT_WITHIN = 0.1


class AsyncioExecutor:
    """Runs each attempt in the task that asks for it."""

    name = "asyncio"

    def __init__(self, needs: ExecutorNeeds) -> None:
        self._run_agent = needs.run_agent
        self._at_work: dict[Control, AgentCall] = {}
        self._cancelled: set[str] = set()
        self._flags: dict[str, Callable[[], bool]] = {}

    async def open(self) -> None:
        """Nothing is needed."""

    def lane(self) -> Lane:
        """Runs attempts in the present task, under one hold on it."""
        return partial(self._run, Control(_present_task(), is_alone=True))

    async def run(self, call: AgentCall, part: Part) -> AgentOutcome:
        """Run one attempt; one that is cancelled by `cancel` is an outcome too."""
        return await come(self._run(Control(_present_task()), call, part))

    def _run(self, control: Control, call: AgentCall, part: Part) -> AgentOutcome | Awaitable[AgentOutcome]:
        run = call.run
        if run in self._cancelled:
            return AgentOutcome("cancelled")
        cancelled = self._flags.get(run) or self._flag(run)
        outcome = self._run_agent(call, part, cancelled=cancelled, control=control)
        return outcome if isinstance(outcome, AgentOutcome) else self._rest(control, call, outcome)

    async def _rest(self, control: Control, call: AgentCall, outcome: Awaitable[AgentOutcome]) -> AgentOutcome:
        """The outcome of an attempt that waits, and that others can end from now on."""
        self._at_work[control] = call
        try:
            return await outcome
        except asyncio.CancelledError:
            if not control.is_cancelled:
                raise
            control.task.uncancel()
            return AgentOutcome("cancelled")
        finally:
            del self._at_work[control]
            if control.over is not None:
                control.over.set_result(None)

    async def cancel(self, run: str) -> tuple[str, ...]:
        """Cancel the attempts of a run and begin no more; gives the keys of those that did not end and were left."""
        self._cancelled.add(run)
        controls = {control: call.key for control, call in self._at_work.items() if call.run == run}
        await self._end(controls, _CANCELLED_WITHIN)
        stubborn = {control: key for control, key in controls.items() if control in self._at_work}
        for control in stubborn:
            control.is_left = True
        await self._end(stubborn, _LEFT_WITHIN)
        return tuple(sorted(stubborn.values()))

    async def close(self) -> None:
        """Give up whatever still runs."""
        for run in {call.run for call in self._at_work.values()}:
            await self.cancel(run)

    async def _end(self, controls: dict[Control, str], within: float) -> None:
        """Cancel attempts and wait until they are over, but no longer than `within` seconds."""
        for control in controls:
            control.is_cancelled = True
            control.over = control.over or asyncio.get_running_loop().create_future()
            control.task.cancel()
        if controls:
            await asyncio.wait([control.over for control in controls if control.over is not None], timeout=within)

    def _flag(self, run: str) -> Callable[[], bool]:
        """What tells agents whether their run was given up; one for each run."""
        flag = self._flags[run] = lambda: run in self._cancelled
        return flag


def _present_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for type checkers: a coroutine runs in a task
    return task
