"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio

import pytest

from localagent_testing import FakeClock


def test_both_clocks_go_on_together() -> None:
    clock = FakeClock(wall=1000, since_boot=10)
    clock.advance(5)
    assert (clock.time(), clock.monotonic()) == (1005, 15)
    assert clock.clock().offset() == 990


def test_a_restart_begins_one_clock_anew() -> None:
    clock = FakeClock(wall=1000)
    clock.restart(off=60)
    assert (clock.clock().boot, clock.time(), clock.monotonic()) == ("second", 1060, 10)


@pytest.mark.asyncio
async def test_sleepers_wake_in_order_when_their_time_has_come() -> None:
    clock = FakeClock()
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    tasks = [asyncio.create_task(sleeper(*each)) for each in (("late", 3.0), ("soon", 1.0), ("now", 0.0))]
    for seconds, expected in ((0.5, ["now"]), (0.5, ["now", "soon"]), (2.0, ["now", "soon", "late"])):
        await asyncio.sleep(0)
        clock.advance(seconds)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert woken == expected
    await asyncio.gather(*tasks)


@pytest.mark.asyncio
async def test_a_sleeper_that_was_cancelled_is_forgotten() -> None:
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    clock.advance(2)
    assert task.cancelled()
