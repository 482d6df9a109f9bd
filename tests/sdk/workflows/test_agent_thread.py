"""One agent on an event loop of its own, in a thread that can be left behind."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from localagent.workflows.agent_thread import AgentThread


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_it_gives_what_the_agent_gives_on_a_loop_and_thread_of_its_own() -> None:
    async def where() -> tuple[str, int]:
        return threading.current_thread().name, await answer()

    assert AgentThread("agent", where).outcome(None) == ("agent", 42)


def test_an_agent_that_keeps_its_thread_is_left_behind_and_its_line_is_known() -> None:
    go_on = threading.Event()

    async def block() -> int:
        go_on.wait()
        return 1

    thread = AgentThread("agent", block)
    assert thread.outcome(0.05) is None
    assert Path(__file__).name in {Path(file).name for file, _ in thread.lines()}
    assert not thread.leave(0.0)
    go_on.set()


def test_an_agent_that_is_cancelled_gives_nothing() -> None:
    begun = threading.Event()

    async def wait() -> int:
        begun.set()
        await asyncio.sleep(60)
        return 1

    thread = AgentThread("agent", wait)
    waiter = threading.Thread(target=thread.outcome, args=(None,))
    waiter.start()
    assert begun.wait(30)
    thread.cancel()
    assert thread.leave(30)
    waiter.join(30)
    assert not waiter.is_alive()
    thread.cancel()


def test_cancelling_what_has_not_begun_or_is_over_does_nothing() -> None:
    thread = AgentThread("agent", answer)
    thread.cancel()
    assert thread.outcome(None) == 42
    thread.cancel()
