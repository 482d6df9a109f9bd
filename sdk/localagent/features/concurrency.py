"""Work on many items at once, on no more than is good for whoever does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
    from typing import Any, TypeVar

    S = TypeVar("S")
    T = TypeVar("T")


async def gather_bounded(function: Callable[[S], Awaitable[T]], items: Iterable[S], *, limit: int = 10) -> list[T]:
    """Await ``function(item)`` for every item, at most `limit` at a time; the results in the order of the items.

    Items are taken as they are needed, so `items` may be a long generator. The first failure cancels what is under
    way, and is raised.

    Raises:
        ValueError: `limit` is less than 1.
    """
    results: dict[int, T] = {}
    waiting = enumerate(items)

    async def work() -> None:
        for place, item in waiting:
            results[place] = await function(item)

    await _side_by_side(work, limit)
    return [results[place] for place in sorted(results)]


async def work_through(items: AsyncIterable[T], function: Callable[[T], Awaitable[object]], *, workers: int = 5) -> int:
    """Let `workers` tasks await ``function(item)`` for all `items`; gives how many there were.

    An item is only asked for when a worker is free, so a source that is quicker than the work has to wait and nothing
    piles up. The first failure, of the source too, cancels what is under way, and is raised; a `function` that is to
    go on after a failure catches it.

    Raises:
        ValueError: `workers` is less than 1.
    """
    import asyncio

    source = aiter(items)
    # An asynchronous generator cannot be asked again before it has answered.
    one_asks = asyncio.Lock()
    taken = 0

    async def work() -> None:
        nonlocal taken
        while True:
            async with one_asks:
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    return
                taken += 1
            await function(item)

    await _side_by_side(work, workers)
    return taken


async def _side_by_side(work: Callable[[], Coroutine[Any, Any, None]], times: int) -> None:
    """Run `work` so many times at once; raises what the first of them raised."""
    import asyncio

    if times < 1:
        raise ValueError(f"at least one must work, not {times}")
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(times):
                group.create_task(work())
    except BaseExceptionGroup as failures:
        # What others raised while they were cancelled came of the first.
        raise failures.exceptions[0] from None
