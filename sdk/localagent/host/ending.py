"""Let plugins go: each cleanup once, dependents first, all of them within one deadline."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from localagent.errors import PluginFailed
from localagent.host import interrupts
from localagent.host.deadlines import shorten
from localagent.host.guard import never_waits
from localagent.host.loop import entered, runs_here
from localagent.plugins.stages import PluginLifecycleStage as Stage

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from localagent.host.budgets import Budgets
    from localagent.host.lifecycle import LifecycleManager
    from localagent.host.loaded import LoadedPlugin

_GRACE = 0.05
"""Seconds that even a cleanup without any time left gets, and one that was cancelled."""
_LOOK_EVERY = 0.05
"""Seconds after which it is noticed that a signal shortened the deadline."""
_HOOKS = 0.5
"""Seconds that hooks of the stage may take before the cleanup begins all the same."""

_log = logging.getLogger("localagent.host")


class Ending:
    """Lets plugins go.

    Args:
        stages: told the stages they go through.
        budgets: how long all cleanups together may take.
        report: called with each failure.
        dismiss: called with each plugin's name before its cleanup, so that nobody begins to ask it, or goes on.

    Attributes:
        abandoned: names of plugins whose cleanup did not even end when it was cancelled.
    """

    def __init__(
        self,
        stages: LifecycleManager,
        budgets: Budgets,
        report: Callable[[PluginFailed], None],
        *,
        dismiss: Callable[[str], object],
    ) -> None:
        self.abandoned: list[str] = []
        self._stages = stages
        self._budgets = budgets
        self._report = report
        self._dismiss = dismiss
        self._due = 0.0

    async def let_go(self, leaving: Sequence[LoadedPlugin]) -> None:
        """Clean up plugins whose initialise was entered, then undo their registrations whatever became of that.

        Independent ones clean up side by side. What does not end within its share of the time is abandoned.

        Args:
            leaving: in the order in which they were entered.

        Raises:
            CancelledError: this was cancelled meanwhile, which only made it hurry; all is done nevertheless.
        """
        is_signalled = interrupts.pending() is not None
        seconds = self._budgets.cleanup_after_signal if is_signalled else self._budgets.cleanup
        self._due = time.monotonic() + seconds
        waves = dependents_first(leaving)
        if not runs_here() and self._can_go_in_turn(leaving):
            for position, each in enumerate(each for wave in waves for each in wave):
                await self._end(each, self._share(len(leaving) - position))
            return
        await entered()
        await self._let_go_side_by_side(waves)

    def _can_go_in_turn(self, leaving: Sequence[LoadedPlugin]) -> bool:
        """Whether nobody would wait for anything, so that side by side would be no sooner."""
        return not self._stages.has_hooks and all(never_waits(each.plugin.cleanup) for each in leaving)

    def _share(self, count: int) -> float:
        """Seconds for the next of so many that share the time that is left."""
        return max((self._due - time.monotonic()) / count, _GRACE)

    async def _let_go_side_by_side(self, waves: Sequence[Sequence[LoadedPlugin]]) -> None:
        import asyncio

        was_cancelled = False
        for position, wave in enumerate(waves):
            share = self._share(len(waves) - position)
            tasks = {asyncio.create_task(self._end(each, share), name=f"{each.name}: cleanup"): each for each in wave}
            was_cancelled |= await self._watch(set(tasks), time.monotonic() + share + _GRACE)
            late = {task: each for task, each in tasks.items() if not task.done()}
            was_cancelled |= await self._abandon(late, share)
        if was_cancelled:
            raise asyncio.CancelledError

    def hurry(self) -> None:
        """Leave the cleanups that still run or are to come less time; a signal handler may call it.

        After a first signal they have what the budget says, from the second one on no more than a moment each.
        """
        left = self._budgets.cleanup_after_signal if interrupts.times() == 1 else 0.0
        self._due = min(self._due, time.monotonic() + left)
        # One that blocks the event loop may take half of it; the other half is for those after it.
        shorten(time.monotonic() + max(left / 2, _GRACE))

    async def _end(self, leaving: LoadedPlugin, limit: float) -> None:
        """Run one plugin's own cleanup, then undo its registrations."""
        self._dismiss(leaving.name)
        try:
            await self._tell_hooks(leaving.name, min(limit, _HOOKS))
            if not leaving.is_cleaned_up:
                leaving.is_cleaned_up = True
                patience = limit - min(self._budgets.grace, limit / 2)
                await leaving.guard.call_async("cleanup", leaving.plugin.cleanup, limit=patience)
        except PluginFailed as failure:
            self._fail(failure)
            await self._move(leaving.name, Stage.ERROR)
        else:
            await self._move(leaving.name, Stage.UNLOADED)
        finally:
            leaving.ledger.undo_all()

    async def _tell_hooks(self, name: str, limit: float) -> None:
        """Enter the stage; hooks are other plugins' code, and may not keep this one from being cleaned up."""
        if not runs_here():
            await self._enter_cleanup(name)
            return
        import asyncio

        await asyncio.wait({asyncio.ensure_future(self._enter_cleanup(name))}, timeout=limit)

    async def _watch(self, pending: set[asyncio.Task[None]], until: float) -> bool:
        """Wait until all ended or the time is over; True if this was cancelled meanwhile."""
        import asyncio

        was_cancelled = False
        soonest = time.monotonic() + _GRACE
        while pending and (left := min(until, max(self._due, soonest)) - time.monotonic()) > 0:
            try:
                _, pending = await asyncio.wait(pending, timeout=min(left, _LOOK_EVERY))
            except asyncio.CancelledError:
                was_cancelled = True
                self.hurry()
        return was_cancelled

    async def _abandon(self, late: dict[asyncio.Task[None], LoadedPlugin], share: float) -> bool:
        """Cancel cleanups that are not done, and go on without those that do not even end then."""
        import asyncio

        for task in late:
            task.cancel()
        was_cancelled = await self._watch(set(late), time.monotonic() + _GRACE)
        for task, leaving in late.items():
            leaving.ledger.undo_all()
            if not task.done():
                self.abandoned.append(leaving.name)
            elif not task.cancelled():
                continue
            what = "was cancelled" if task.done() else "goes on although it was cancelled, and is abandoned"
            message = f"cleanup: it was not done after {share:.1f} s; it {what}"
            place = leaving.spec.module_file
            self._fail(PluginFailed(message, plugin=leaving.name, step="cleanup", file=place))
            await asyncio.wait({asyncio.ensure_future(self._move(leaving.name, Stage.ERROR))}, timeout=_GRACE)
        return was_cancelled

    def _fail(self, failure: PluginFailed) -> None:
        _log.warning("%s: %s", failure.place, failure.message)
        self._report(failure)

    async def _enter_cleanup(self, name: str) -> None:
        if self._stages.stage_of(name) in (Stage.INITIALIZING, Stage.EXECUTING):
            await self._move(name, Stage.ERROR)
        if self._stages.stage_of(name) in (Stage.READY, Stage.ERROR):
            await self._move(name, Stage.CLEANING_UP)

    async def _move(self, name: str, stage: Stage) -> None:
        present = self._stages.stage_of(name)
        if present is not stage:
            await self._stages.transition_plugin(name, present, stage)


def dependents_first(leaving: Sequence[LoadedPlugin]) -> tuple[tuple[LoadedPlugin, ...], ...]:
    """Waves of plugins of which none needs one of an earlier wave; the last to be entered come first in each.

    Args:
        leaving: in the order in which they were entered, so each after what it needs.
    """
    height: dict[str, int] = {}
    waves: list[list[LoadedPlugin]] = []
    for each in reversed(leaving):
        wave = height.get(each.name, 0)
        if wave == len(waves):
            waves.append([])
        waves[wave].append(each)
        for needed in each.needs:
            height[needed] = max(height.get(needed, 0), wave + 1)
    return tuple(map(tuple, waves))
