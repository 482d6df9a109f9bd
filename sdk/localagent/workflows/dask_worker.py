"""What runs on a worker of a Dask cluster: agents of the plugins that are installed there."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
import time
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

from localagent.services.loop_thread import LoopThread
from localagent.workflows.agent_thread import AgentThread
from localagent.workflows.executor import AgentCall, AgentOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from localagent.plugins.workflow import Cancelled
    from localagent.workflows.executor import Installation, OpenInstallation

_TOLD_BY_ITSELF = 0.5
"""Seconds past all of its limits after which an attempt that has not told its end keeps its thread's loop busy."""


def run_agent(opening: OpenInstallation, installation: str, client: str, call: str) -> str:
    """Run one attempt, here and now, for the client of that id; call and outcome are JSON.

    Dask calls it by its name, in one of the worker's threads.
    """
    from distributed import get_worker

    worker = _worker(opening, installation)
    outcome = worker.run(AgentCall(**json.loads(call)), client)
    return json.dumps(outcome._replace(worker=str(get_worker().address)).to_json())


async def cancel_run(client: str, run: str, within: float) -> list[str]:
    """Give up what a client has of a run on this worker; gives the keys of what did not end within so many seconds.

    Dask calls it by its name, on the worker's own loop.
    """
    workers = tuple(_workers.values())
    left = await asyncio.gather(*(asyncio.to_thread(worker.cancel, client, run, within) for worker in workers))
    return [key for keys in left for key in keys]


_workers: dict[str, AgentWorker] = {}
_opening = threading.Lock()


def _worker(opening: OpenInstallation, installation: str) -> AgentWorker:
    """The one of this process."""
    with _opening:
        if installation not in _workers:
            worker = _workers[installation] = AgentWorker(functools.partial(opening, installation))
            # Dask's worker processes are children of multiprocessing, which do not call what atexit has.
            Finalize(None, worker.close, exitpriority=1)
        return _workers[installation]


class AgentWorker:
    """Runs agents in threads, over plugins that live on an event loop of their own.

    Args:
        opening: opens the plugins.
    """

    def __init__(self, opening: Callable[[], Coroutine[Any, Any, Installation]]) -> None:
        self._loop = LoopThread("localagent-plugins")
        self._installation = self._loop.submit(opening()).result()
        self._at_work: dict[AgentThread[AgentOutcome], tuple[str, AgentCall]] = {}
        self._cancelled: set[tuple[str, str]] = set()

    def run(self, call: AgentCall, client: str) -> AgentOutcome:
        """Run one attempt, and wait for its end in this thread."""
        began = time.monotonic()
        refusal = self._loop.submit(self._installation.prepare(call)).result()
        if refusal is not None:
            return AgentOutcome("refused", error=refusal)
        is_cancelled = functools.partial(self._is_cancelled, client, call.run)
        thread = AgentThread(f"localagent-agent {call.key}", functools.partial(self._attempt, call, is_cancelled))
        self._at_work[thread] = (client, call)
        try:
            outcome = thread.outcome(self._limit(call))
            if outcome is None:
                outcome = AgentOutcome("cancelled") if is_cancelled() else self._too_late(call, thread)
        finally:
            del self._at_work[thread]
        return outcome._replace(seconds=time.monotonic() - began)

    def cancel(self, client: str, run: str, within: float) -> list[str]:
        """Cancel a client's attempts of a run and begin none any more; gives the keys of those that had to be left."""
        self._cancelled.add((client, run))
        calls = tuple(self._at_work.items())
        at_work = {thread: call.key for thread, (whose, call) in calls if (whose, call.run) == (client, run)}
        for thread in at_work:
            thread.cancel()
        end = time.monotonic() + within
        return [key for thread, key in at_work.items() if not thread.leave(max(end - time.monotonic(), 0.0))]

    def close(self) -> None:
        """Let the plugins go; what agents still do in their threads is left."""
        self._loop.submit(self._installation.close()).result()
        self._loop.close()

    def _is_cancelled(self, client: str, run: str) -> bool:
        return (client, run) in self._cancelled

    async def _attempt(self, call: AgentCall, is_cancelled: Cancelled) -> AgentOutcome:
        return AgentOutcome("cancelled") if is_cancelled() else await self._installation.run_agent(call, is_cancelled)

    def _limit(self, call: AgentCall) -> float | None:
        return None if call.deadline is None else call.deadline + self._installation.grace + _TOLD_BY_ITSELF

    def _too_late(self, call: AgentCall, thread: AgentThread[AgentOutcome]) -> AgentOutcome:
        """Of an attempt that does not give its thread back."""
        return AgentOutcome("timed_out", error=self._installation.too_late(call, thread.lines()))
