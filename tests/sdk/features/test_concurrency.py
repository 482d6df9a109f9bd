"""Work on many items at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent import gather_bounded, work_through

pytestmark = pytest.mark.asyncio


class Gauge:
    """Counts how many are at work at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.cancelled = 0

    async def work(self, item: int) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(item % 3 + 1):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1
        if item < 0:
            raise ConnectionError(str(item))
        return item * 2


async def stream(items: Iterator[int]) -> AsyncIterator[int]:
    for item in items:
        await asyncio.sleep(0)
        yield item


@given(items=st.lists(st.integers(0, 99), max_size=20), limit=st.integers(1, 25))
async def test_results_are_in_the_order_of_the_items(items: list[int], limit: int) -> None:
    gauge = Gauge()
    assert await gather_bounded(gauge.work, items, limit=limit) == [item * 2 for item in items]
    assert gauge.most <= min(limit, len(items))


@given(items=st.lists(st.integers(0, 99), max_size=20), workers=st.integers(1, 25))
async def test_every_item_is_worked_on_once(items: list[int], workers: int) -> None:
    gauge = Gauge()
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(await gauge.work(item))

    assert await work_through(stream(iter(items)), work, workers=workers) == len(items)
    assert sorted(done) == sorted(item * 2 for item in items)
    assert gauge.most <= workers


async def test_items_are_taken_only_as_they_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield 5 if taken < 10 else -5

    with pytest.raises(ConnectionError):
        await gather_bounded(Gauge().work, endless(), limit=3)
    assert taken <= 13


async def test_a_source_waits_for_the_workers() -> None:
    gate = asyncio.Event()
    asked = 0

    async def source() -> AsyncIterator[int]:
        nonlocal asked
        for item in range(100):
            asked += 1
            yield item

    async def work(item: int) -> None:
        await gate.wait()

    running = asyncio.create_task(work_through(source(), work, workers=4))
    for _ in range(50):
        await asyncio.sleep(0)
    assert asked == 4
    gate.set()
    assert await running == 100


async def test_the_first_failure_cancels_the_rest_and_is_raised() -> None:
    gauge = Gauge()
    with pytest.raises(ConnectionError, match="-3") as caught:
        await gather_bounded(gauge.work, [2, -3, 2, 5, 5], limit=3)
    assert caught.value.__cause__ is None
    assert gauge.cancelled == 2
    assert gauge.now == 0


async def test_a_source_that_fails_ends_the_work() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"):
        await work_through(source(), Gauge().work, workers=2)


async def test_cancelling_from_outside_cancels_the_work() -> None:
    gauge = Gauge()
    running = asyncio.create_task(gather_bounded(gauge.work, [2, 2, 2], limit=2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert gauge.cancelled == 2


@pytest.mark.parametrize("number", [0, -1])
async def test_nobody_at_work_is_an_error(number: int) -> None:
    with pytest.raises(ValueError, match="at least one must work"):
        await gather_bounded(Gauge().work, [1], limit=number)
    with pytest.raises(ValueError, match="at least one must work"):
        await work_through(stream(iter([1])), Gauge().work, workers=number)
