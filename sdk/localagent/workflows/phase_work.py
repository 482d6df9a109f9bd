"""The agents of one phase at work: side by side within a limit, tried again as often as they may be, each recorded."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from localagent.workflows.definition import STOP
from localagent.workflows.executor import AgentCall, AgentError, AgentOutcome, come
from localagent.workflows.progress import Event
from localagent.workflows.runs import attempt_row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from localagent.workflows.attempt import Part
    from localagent.workflows.definition import Agent, Phase
    from localagent.workflows.executor import Executor, Lane
    from localagent.workflows.runs import AttemptRecord, RunRecord, Runs

LOST_BUDGET = 3
"""How often an agent is given to another worker after one was lost; says nothing of the agent itself."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
"""Seconds before an agent is tried again, doubled from time to time."""
_FLUSH_AFTER = 0.25
"""Seconds that an attempt which is over may wait to be recorded with others."""
_FLUSH_FROM = 500
_TURN = 0.01
"""Seconds after which agents that never wait let others have the event loop."""


_Ended = tuple[int, int, AgentOutcome, dict[str, Any] | None]
"""An attempt that is over, as `attempt_row` takes it."""


class PhaseWork:
    """Runs the agents of a phase.

    Args:
        run: the run.
        number: of the phase in the run.
        phase: the phase.
        agents: what it has to do: its agents, or itself where it does its work itself.
        parts: who offers them, by the agents' names.
        context: what all of them are given, frozen.
        executor: where they run.
        runs: where attempts are recorded.
        free: room for agents of the whole run.
        limit: how many of this phase run at a time.
        show: told of each attempt that ended; None where nobody looks on.
        recorded: attempts of an earlier process.
        keeps_given: whether what each attempt was given is recorded.
        is_opaque: whether the only agent is the phase itself.
    """

    def __init__(
        self,
        run: RunRecord,
        number: int,
        phase: Phase,
        agents: Sequence[Agent],
        parts: Mapping[str, Part],
        context: dict[str, Any],
        *,
        executor: Executor,
        runs: Runs,
        free: asyncio.Semaphore,
        limit: int,
        show: Callable[[Event], object] | None,
        recorded: Sequence[AttemptRecord],
        keeps_given: bool,
        is_opaque: bool,
    ) -> None:
        self.number = number
        self.agents = agents
        self._parts = parts
        self.is_opaque = is_opaque
        self._run = run
        self._run_id, self._task, self._provider = run.id, run.task, run.provider
        self._phase_id, self._stops = phase.id, phase.failure.kind == STOP
        self._context = context
        self._executor = executor
        self._runs = runs
        self._free = free
        self._limit = limit
        self._show = show
        self._keeps_given = keeps_given
        self._pending: list[_Ended] = []
        self._flushing: asyncio.TimerHandle | None = None
        self._outcomes: dict[int, AgentOutcome] = {}
        self._tried: dict[int, int] = {}
        self._todo: deque[int] = deque()
        self._slots: set[asyncio.Task[None]] = set()
        for each in recorded:
            self._take(each)

    def _take(self, record: AttemptRecord) -> None:
        """What an earlier attempt means now: who succeeded is done, who did not is tried under the next number.

        One whose end nobody knows may have done its work, so it runs again as what it was, under the same key.
        """
        outcome = record.outcome
        if outcome is not None and outcome.status == "succeeded":
            self._outcomes[record.agent] = outcome
        is_known = outcome is not None and outcome.status != "lost"
        self._tried[record.agent] = record.attempt if is_known else record.attempt - 1

    async def run(self) -> list[AgentOutcome]:
        """The outcome of each agent, in their order.

        Raises:
            SystemProblem: what they run on went away.
        """
        self._todo = deque(number for number in range(len(self.agents)) if number not in self._outcomes)
        try:
            self._open_slot()
            while self._slots:
                over, _ = await asyncio.wait(self._slots, return_when=asyncio.FIRST_COMPLETED)
                self._slots -= over
                for slot in over:
                    slot.result()
        finally:
            self._todo.clear()
            for slot in self._slots:
                slot.cancel()
            if self._flushing is not None:
                self._flushing.cancel()
        return [self._outcomes.get(number, _NOT_BEGUN) for number in range(len(self.agents))]

    def flush(self) -> None:
        """Record what is not yet recorded."""
        self._flushing = None
        pending = self.take_pending()
        if pending:
            self._runs.add(self._run, self.number, pending)

    def take_pending(self) -> list[str]:
        """The attempts that are not yet recorded, to be recorded by the caller."""
        # Written here and not one by one as they end: what runs again and again in a row is at hand for the processor.
        pending, self._pending = self._pending, []
        return [attempt_row(*ended) for ended in pending]

    def _open_slot(self) -> None:
        """Begin one more agent beside the others, if there is one and room for it.

        One slot opens the next when it has come to wait: agents that never do need no more than the first.
        """
        if self._todo and len(self._slots) < self._limit:
            self._slots.add(asyncio.get_running_loop().create_task(self._slot()))

    async def _slot(self) -> None:
        """One agent after the other, as long as there are any."""
        async with self._free:
            asyncio.get_running_loop().call_soon(self._open_slot)
            lane = self._executor.lane()
            turn = time.monotonic()
            while self._todo:
                number = self._todo.popleft()
                attempt = self._tried.get(number, 0) + 1
                outcome = self._attempt(lane, number, attempt)
                if not isinstance(outcome, AgentOutcome):
                    outcome = await outcome
                if outcome[0] != "succeeded":
                    outcome = await self._tried_again(lane, number, attempt, outcome)
                    if outcome.error is not None and self._stops:
                        self._todo.clear()
                self._outcomes[number] = outcome
                if time.monotonic() - turn > _TURN:
                    await asyncio.sleep(0)
                    turn = time.monotonic()

    async def _tried_again(self, lane: Lane, number: int, attempt: int, outcome: AgentOutcome) -> AgentOutcome:
        """What comes of an agent that did not succeed at once: the first good outcome, or the last that it may have."""
        agent, failures, lost = self.agents[number], 0, 0
        while outcome.status != "succeeded":
            if outcome.status == "lost":
                lost += 1
                if lost > LOST_BUDGET or not agent.repeatable:
                    return outcome
            elif outcome.status in ("failed", "timed_out"):
                failures += 1
                if failures > agent.retries:
                    return outcome
                await asyncio.sleep(min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE))
                attempt += 1
            else:
                return outcome
            outcome = await come(self._attempt(lane, number, attempt))
        return outcome

    def _attempt(self, lane: Lane, number: int, attempt: int) -> AgentOutcome | Awaitable[AgentOutcome]:
        """The outcome of one attempt, recorded; at once if the agent never waits."""
        name, key, config, task, context, deadline, _, is_repeatable = self.agents[number]
        part = self._parts[name]
        _, _, plugin, version, _ = part
        call = AgentCall(
            self._run_id,
            self._phase_id,
            name,
            key,
            plugin,
            version,
            config,
            self._task if task is None else task,
            {**self._context, **context} if context else self._context,
            attempt,
            deadline,
            self._provider,
        )
        given = {"config": call.config, "task": call.task, "context": call.context} if self._keeps_given else None
        if not is_repeatable:
            self._runs.begin_attempt(self._run, self.number, attempt_row(number, attempt, None, given))
        outcome = lane(call, part)
        if isinstance(outcome, AgentOutcome):
            return self._ended(number, attempt, outcome, given)
        return self._rest(number, attempt, outcome, given)

    async def _rest(
        self, number: int, attempt: int, outcome: Awaitable[AgentOutcome], given: dict[str, Any] | None
    ) -> AgentOutcome:
        """The outcome of an attempt that waits, recorded."""
        return self._ended(number, attempt, await outcome, given)

    def _ended(self, number: int, attempt: int, outcome: AgentOutcome, given: dict[str, Any] | None) -> AgentOutcome:
        """Record how an attempt ended, and tell who looks on."""
        status, _, error, _, _ = outcome
        if error is None and status != "succeeded":
            outcome = outcome._replace(error=AgentError("", status.replace("_", " ")))
        if status != "cancelled":
            self._pending.append((number, attempt, outcome, given))
            if self._flushing is None or len(self._pending) >= _FLUSH_FROM:
                self._flush_soon()
        if self._show is not None:
            key = self.agents[number].key
            self._show(Event("agent", {"phase": self._phase_id, "key": key, "status": status}))
        return outcome

    def _flush_soon(self) -> None:
        """Record attempts that have ended soon, together with others; at once where they are many."""
        if len(self._pending) >= _FLUSH_FROM:
            self.flush()
        else:
            self._flushing = asyncio.get_running_loop().call_later(_FLUSH_AFTER, self.flush)


_NOT_BEGUN = AgentOutcome("cancelled", error=AgentError("", "not begun"))
