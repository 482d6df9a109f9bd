"""The agents of one phase, on an executor whose workers come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localagent.host.guard import Guard
from localagent.workflows.attempt import Part
from localagent.workflows.definition import Agent, Defaults, Phase, read_agents
from localagent.workflows.executor import AgentCall, AgentError, AgentOutcome, Lane, Status
from localagent.workflows.phase_work import LOST_BUDGET, PhaseWork
from localagent.workflows.runs import RunRecord, Runs

pytestmark = pytest.mark.asyncio

_MANY: list[Status] = ["lost"] * 10


class Losing:
    """An executor whose attempts end as it is told, one after the other; then they succeed."""

    name = "losing"

    def __init__(self, *statuses: Status) -> None:
        self._statuses = list(statuses)
        self.keys: list[str] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def cancel(self, run: str) -> tuple[str, ...]:
        return ()

    def lane(self) -> Lane:
        return self._run

    async def _run(self, call: AgentCall, _part: Part, /) -> AgentOutcome:
        self.keys.append(call.key.partition(":")[2])
        status: Status = self._statuses.pop(0) if self._statuses else "succeeded"
        return AgentOutcome(status, error=None if status == "succeeded" else AgentError("", status))


@pytest.fixture
def runs(home: Path) -> Iterator[Runs]:
    opened = Runs(home / "runs.db", tell=print)
    yield opened
    opened.close()


@pytest.fixture
def run(runs: Runs) -> RunRecord:
    return runs.begin(
        workflow="w", definition={"phases": []}, task="", context={}, provider=None, executor="losing", scheduler=None
    )


def work(runs: Runs, run: RunRecord, executor: Losing, **defaults: Any) -> PhaseWork:
    agents = read_agents(["agent"], Defaults(**defaults))
    runs.begin_phase(run, 0, "phase", [agent.to_json() for agent in agents])
    return PhaseWork(
        run,
        0,
        Phase("phase", agents=agents),
        agents,
        {agent.agent: part(agent) for agent in agents},
        {},
        executor=executor,
        runs=runs,
        free=asyncio.Semaphore(1),
        limit=1,
        show=None,
        recorded=runs.attempts(run, 0),
        keeps_given=False,
        is_opaque=False,
    )


def part(agent: Agent) -> Part:
    return Part(agent.agent, dict, "some", "1.0.0", Guard("some"))


async def done(work: PhaseWork) -> list[str]:
    statuses: list[str] = [outcome.status for outcome in await work.run()]
    work.flush()
    return statuses


def recorded(runs: Runs, run: RunRecord) -> list[tuple[int, str]]:
    attempts = runs.attempts(run, 0)
    return [(each.attempt, "begun" if each.outcome is None else each.outcome.status) for each in attempts]


async def test_what_was_lost_runs_again_as_the_same_attempt(runs: Runs, run: RunRecord) -> None:
    executor = Losing("lost", "lost")
    assert await done(work(runs, run, executor)) == ["succeeded"]
    assert executor.keys == ["phase:agent:1"] * 3
    assert recorded(runs, run) == [(1, "lost"), (1, "lost"), (1, "succeeded")]


async def test_what_failed_is_tried_again_as_the_next_attempt(runs: Runs, run: RunRecord) -> None:
    executor = Losing("lost", "failed", "lost")
    assert await done(work(runs, run, executor, retries=1)) == ["succeeded"]
    assert executor.keys == ["phase:agent:1", "phase:agent:1", "phase:agent:2", "phase:agent:2"]


async def test_what_is_lost_too_often_is_given_up(runs: Runs, run: RunRecord) -> None:
    executor = Losing(*_MANY)
    assert await done(work(runs, run, executor, retries=5)) == ["lost"]
    assert executor.keys == ["phase:agent:1"] * (LOST_BUDGET + 1)


async def test_what_was_lost_before_a_run_is_resumed_is_the_same_attempt(runs: Runs, run: RunRecord) -> None:
    await done(work(runs, run, Losing("failed", *_MANY), retries=1))
    executor = Losing()
    assert await done(work(runs, run, executor)) == ["succeeded"]
    assert executor.keys == ["phase:agent:2"]


async def test_what_must_not_be_repeated_is_not_given_out_again_when_it_is_lost(runs: Runs, run: RunRecord) -> None:
    executor = Losing("lost")
    assert await done(work(runs, run, executor, repeatable=False)) == ["lost"]
    assert executor.keys == ["phase:agent:1"]
    assert recorded(runs, run) == [(1, "lost")]
