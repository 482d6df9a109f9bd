"""Agents in the worker processes of a Dask cluster."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from localagent.services.loop_thread import LoopThread
from localagent.workflows.dask_cluster import connected, unreachable
from localagent.workflows.dask_worker import cancel_run, run_agent
from localagent.workflows.executor import AgentCall, AgentError, AgentOutcome, ExecutorNeeds

if TYPE_CHECKING:
    from localagent.workflows.executor import Lane

_CANCELLED_WITHIN = 0.5
"""Seconds that agents of a cancelled run get to end."""
_CLOSED_WITHIN = 8.0
"""Seconds that worker processes get to end, the cleanups of plugins included."""


class DaskExecutor:
    """Runs agents on the workers of a Dask cluster.

    The cluster's client lives on an event loop of its own: so it goes on while plugins keep the host's from going on,
    and serves callers on any loop.
    """

    name = "dask"

    def __init__(self, needs: ExecutorNeeds) -> None:
        self._needs = needs
        self._loop: LoopThread | None = None
        self._opened = contextlib.AsyncExitStack()
        self._client: Any = None
        self._futures: dict[Any, AgentCall] = {}
        self._cancelled: set[str] = set()
        self._submitted = 0

    async def open(self) -> None:
        """Start a cluster, or find the one there is.

        Raises:
            MissingExtra: Dask is not installed.
            SchedulerUnreachable: nobody answers at the address.
        """
        self._loop = LoopThread("localagent-dask")
        await self._loop.run(self._open())

    def lane(self) -> Lane:
        """Attempts need nothing of the task that waits for them."""
        return lambda call, _: self.run(call)

    async def run(self, call: AgentCall) -> AgentOutcome:
        """Run one attempt on some worker, by what is installed there.

        Raises:
            SchedulerUnreachable: the scheduler went away.
        """
        if self._loop is None or call.run in self._cancelled:
            return AgentOutcome("cancelled")
        return await self._loop.run(self._run(call))

    async def cancel(self, run: str) -> tuple[str, ...]:
        """Begin no more attempts of a run and cancel those at work; gives the keys of those that went on."""
        self._cancelled.add(run)
        return await self._loop.run(self._cancel(run)) if self._loop is not None else ()

    async def close(self) -> None:
        """End what `open` began; neither a process nor a thread is left."""
        if self._loop is not None:
            loop, self._loop = self._loop, None
            try:
                await loop.run(self._opened.aclose())
            finally:
                loop.close()

    async def _open(self) -> None:
        connection = connected(self._needs.scheduler, self._needs.workers, patience=self._patience)
        self._client = await self._opened.enter_async_context(connection)

    def _patience(self) -> float:
        """Seconds that worker processes get to clean up; where a run was given up, agents may keep them from it."""
        return _CLOSED_WITHIN if not self._cancelled else _CANCELLED_WITHIN

    async def _run(self, call: AgentCall) -> AgentOutcome:
        future = self._submit(call)
        self._futures[future] = call
        try:
            results: list[str] = await self._client.gather([future], errors="skip")
            return AgentOutcome.from_json(json.loads(results[0])) if results else await self._without_result(future)
        except OSError as error:
            raise unreachable(self._needs.scheduler) from error
        finally:
            del self._futures[future]
            if self._is_connected and not future.done():
                await self._client.cancel([future])

    @property
    def _is_connected(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _submit(self, call: AgentCall) -> Any:
        # Dask takes what has the same key for the same thing, also for another client that goes on with the run.
        self._submitted += 1
        installation = self._needs.installation if self._needs.scheduler is None else ""
        return self._client.submit(
            run_agent,
            self._needs.open_installation,
            installation,
            self._client.id,
            json.dumps(call._asdict()),
            key=(call.agent, call.key, self._client.id, self._submitted),
            pure=False,
            retries=0,
        )

    async def _without_result(self, future: Any) -> AgentOutcome:
        """What it means that an attempt came back without an outcome."""
        call = self._futures[future]
        if call.run in self._cancelled:
            return AgentOutcome("cancelled")
        if not self._is_connected:
            raise unreachable(self._needs.scheduler)
        error = await future.exception()
        return _lost(call) if error is None or type(error).__name__ == "KilledWorker" else _unfit(error)

    async def _cancel(self, run: str) -> tuple[str, ...]:
        if not self._is_connected:
            return ()
        left = await self._client.run(cancel_run, self._client.id, run, _CANCELLED_WITHIN, on_error="ignore")
        waiting = [future for future, call in self._futures.items() if call.run == run]
        await self._client.cancel(waiting)
        return tuple(sorted(key for keys in left.values() for key in keys))


def _lost(call: AgentCall) -> AgentOutcome:
    message = f"the worker of '{call.agent_key}' is gone"
    return AgentOutcome("lost", error=AgentError("KilledWorker", message))


def _unfit(error: BaseException) -> AgentOutcome:
    """Of a worker that could not even begin: it has another LocalAgent, or none."""
    message = f"a worker cannot run agents: {type(error).__name__}: {error}"
    return AgentOutcome("refused", error=AgentError(type(error).__name__, message))
