"""Work that is awaited in the host's own task: it keeps its time, and the task goes on without it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import PluginFailed, PluginTimeout
from localagent.host.budgets import Budgets
from localagent.host.guard import Guard
from localagent.workflows.attempt import Control, Unfinished

pytestmark = pytest.mark.asyncio


@pytest.fixture
def guard() -> Guard:
    return Guard("some", Path(__file__), budgets=Budgets(grace=0.05))


async def attempt(guard: Guard, work: Coroutine[Any, Any, Any], limit: float | None = None) -> Any:
    return await result(guard.attempt("execute", work, limit=limit, control=None))


async def result(given: Any) -> Any:
    return await given.rest if isinstance(given, Unfinished) else given


async def stubborn() -> None:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


async def busy() -> None:
    while True:
        pass


async def gives() -> str:
    await asyncio.sleep(0)
    return "given"


async def fails() -> None:
    raise ValueError("no luck")


async def exits() -> None:
    raise SystemExit(3)


async def cancels_itself() -> None:
    raise asyncio.CancelledError


async def test_the_result_is_what_the_work_gives(guard: Guard) -> None:
    assert await attempt(guard, gives()) == "given"


async def moves(*, waits: int, then: str = "") -> None:
    """Changes the working folder, waits so often, and changes it again."""
    os.chdir("/")
    for _ in range(waits):
        await asyncio.sleep(0)
        os.chdir("/usr")
    if then:
        raise ValueError(then)


@pytest.mark.parametrize("waits", [0, 1, 2])
@pytest.mark.parametrize("then", ["", "no luck"])
async def test_the_working_folder_is_as_before(guard: Guard, waits: int, then: str) -> None:
    before = Path.cwd()
    with pytest.raises(PluginFailed) if then else contextlib.nullcontext():
        await attempt(guard, moves(waits=waits, then=then))
    assert Path.cwd() == before


async def test_who_lets_others_have_the_loop_waits_for_its_turn(guard: Guard) -> None:
    order: list[str] = []

    async def polite() -> None:
        order.append("before")
        await asyncio.sleep(0)
        order.append("after")

    asyncio.get_running_loop().call_soon(order.append, "others")
    await attempt(guard, polite())
    assert order == ["before", "others", "after"]


@pytest.mark.parametrize("work", [fails, exits, cancels_itself])
async def test_whatever_it_raises_is_its_failure_with_the_line(guard: Guard, work: Any) -> None:
    with pytest.raises(PluginFailed) as caught:
        await attempt(guard, work())
    assert caught.value.place == f"{__file__}:{work.__code__.co_firstlineno + 1}"


@pytest.mark.parametrize("work", [stubborn, busy, lambda: asyncio.sleep(60)], ids=["stubborn", "busy", "asleep"])
async def test_what_is_late_is_ended_and_the_task_goes_on(guard: Guard, work: Any) -> None:
    for _ in range(2):
        with pytest.raises(PluginTimeout, match=r"longer than 0\.1 s"):
            await attempt(guard, work(), 0.1)
        assert await attempt(guard, gives(), 60) == "given"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_the_limits_of_many_tasks_hold_side_by_side(guard: Guard) -> None:
    began = time.monotonic()
    limits = [0.3, 0.1, 0.2]
    ended = await asyncio.gather(*(attempt(guard, asyncio.sleep(60), each) for each in limits), return_exceptions=True)
    assert [str(each) for each in ended] == [f"execute: took longer than {each} s and was stopped" for each in limits]
    assert time.monotonic() - began < 30


async def test_who_is_cancelled_from_outside_stays_cancelled(guard: Guard) -> None:
    task = asyncio.create_task(attempt(guard, asyncio.sleep(60), 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_does_not_end_when_it_is_cancelled_is_left(guard: Guard) -> None:
    held: list[Control] = []

    async def work() -> Any:
        task = asyncio.current_task()
        assert task is not None
        held.append(Control(task))
        return await result(guard.attempt("execute", stubborn(), limit=None, control=held[0]))

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    held[0].is_left = True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
