"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from localagent.services.loop_thread import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread("elsewhere")
    yield loop
    loop.close()


async def thread_name() -> str:
    return threading.current_thread().name


async def fail() -> None:
    raise ValueError("no luck")


def test_it_serves_plain_threads_and_other_loops(loop: LoopThread) -> None:
    assert loop.submit(thread_name()).result() == "elsewhere"
    assert asyncio.run(loop.run(thread_name())) == "elsewhere"
    with pytest.raises(ValueError, match="no luck"):
        asyncio.run(loop.run(fail()))


def test_who_is_cancelled_cancels_what_it_waits_for(loop: LoopThread) -> None:
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def give_up() -> None:
        waiting = asyncio.create_task(loop.run(wait()))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()

    asyncio.run(give_up())
    assert ended.wait(30)


def test_closing_ends_what_still_runs_and_the_thread() -> None:
    loop = LoopThread("elsewhere")
    waiting = loop.submit(asyncio.sleep(60))
    loop.close()
    assert waiting.cancelled()
    assert "elsewhere" not in [thread.name for thread in threading.enumerate()]
