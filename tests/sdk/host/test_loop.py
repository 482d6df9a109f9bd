"""The one event loop that plugins live on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from localagent.errors import WrongLoop
from localagent.host import interrupts
from localagent.host.loop import HostLoop, entered, runs_here

request = contextvars.ContextVar("request", default="none")


@pytest.fixture
def host() -> Iterator[HostLoop]:
    loop = HostLoop()
    yield loop
    loop.close()


async def running_loop() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def test_the_loop_is_the_same_each_time_and_is_parked_between(host: HostLoop) -> None:
    first = host.run(running_loop())
    assert not first.is_running()
    assert host.run(running_loop()) is first


def test_a_task_goes_on_when_the_loop_is_next_driven(host: HostLoop) -> None:
    heard: list[str] = []

    async def background() -> None:
        await asyncio.sleep(0)
        heard.append("went on")

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(background())

    async def wait_for(task: asyncio.Task[None]) -> None:
        await task

    task = host.run(begin())
    assert heard == []
    host.run(wait_for(task))
    assert heard == ["went on"]


def test_a_command_that_called_asyncio_run_does_no_harm(host: HostLoop) -> None:
    first = host.run(running_loop())
    other = asyncio.run(running_loop())
    assert other is not first
    assert host.run(running_loop()) is first


def test_an_error_comes_out_as_it_is(host: HostLoop) -> None:
    async def fail() -> None:
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        host.run(fail())


def test_code_on_the_loop_is_told_to_await(host: HostLoop) -> None:
    async def drive_again() -> None:
        host.run(running_loop())

    with pytest.raises(WrongLoop, match="busy running the caller") as error:
        host.run(drive_again())
    assert error.value.fix == "await it instead"


def test_without_a_running_loop_a_function_is_called_where_it_is(host: HostLoop) -> None:
    here = threading.get_ident()
    assert host.call_blocking(threading.get_ident) == here
    assert not asyncio.iscoroutine(host.call_blocking(lambda: asyncio.run(running_loop())))


@pytest.mark.asyncio
async def test_within_a_running_loop_a_function_has_a_thread_and_loop_of_its_own(host: HostLoop) -> None:
    host.adopt()

    def command() -> tuple[int, asyncio.AbstractEventLoop, asyncio.AbstractEventLoop]:
        return threading.get_ident(), host.run(running_loop()), host.run(running_loop())

    thread, first, second = host.call_blocking(command)
    assert thread != threading.get_ident()
    assert first is second
    assert first is not asyncio.get_running_loop()
    assert first.is_closed()


@pytest.mark.asyncio
async def test_a_function_in_the_worker_may_run_a_loop_of_its_own_and_sees_the_callers_context(
    host: HostLoop,
) -> None:
    request.set("mine")

    def command() -> str:
        asyncio.run(running_loop())
        return request.get()

    assert host.call_blocking(command) == "mine"


@pytest.mark.asyncio
async def test_an_error_in_the_worker_comes_out_and_the_next_call_works(host: HostLoop) -> None:
    def fail() -> None:
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        host.call_blocking(fail)
    assert host.call_blocking(lambda: 1) == 1


@pytest.mark.asyncio
async def test_another_thread_runs_on_the_adopted_loop(host: HostLoop) -> None:
    host.adopt()
    found = await asyncio.to_thread(lambda: host.run(running_loop()))
    assert found is asyncio.get_running_loop()


@pytest.mark.asyncio
async def test_code_on_the_adopted_loop_is_told_to_await(host: HostLoop) -> None:
    host.adopt()
    with pytest.raises(WrongLoop):
        host.run(running_loop())


def test_after_an_adopted_loop_ended_the_host_has_its_own(host: HostLoop) -> None:
    async def embed() -> asyncio.AbstractEventLoop:
        host.adopt()
        return asyncio.get_running_loop()

    adopted = asyncio.run(embed())
    assert host.run(running_loop()) is not adopted


def test_closing_closes_the_hosts_loop_and_may_be_repeated(host: HostLoop) -> None:
    first = host.run(running_loop())
    host.close()
    host.close()
    assert first.is_closed()
    assert host.run(running_loop()) is not first


def test_a_host_that_nobody_closed_leaves_no_loop_open() -> None:
    forgotten = HostLoop()
    loop = forgotten.run(running_loop())
    del forgotten
    gc.collect()
    assert loop.is_closed()


def test_a_coroutine_of_the_host_that_never_waits_starts_no_loop() -> None:
    code = """
import sys
from localagent.host.loop import HostLoop

async def quick():
    return 7

assert HostLoop().run_own(quick()) == 7
assert "asyncio" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_coroutine_of_the_host_is_on_the_loop_from_where_it_asks_for_it(host: HostLoop) -> None:
    async def steps() -> list[bool]:
        before = runs_here()
        await entered()
        await asyncio.sleep(0)
        await entered()
        return [before, runs_here()]

    assert host.run_own(steps()) == [False, True]
    assert not runs_here()
    # Now there is a loop, so it is used from the start.
    assert host.run_own(steps()) == [True, True]


def test_an_error_after_the_loop_was_asked_for_comes_out_as_it_is(host: HostLoop) -> None:
    async def fail() -> None:
        await entered()
        raise KeyError("cause")

    with pytest.raises(KeyError, match="cause"):
        host.run_own(fail())


def test_a_signal_ends_a_coroutine_of_the_host_before_the_loop_is_started(host: HostLoop) -> None:
    ended: list[bool] = []

    async def ring() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            ended.append(False)
            await entered()
            ended.append(False)
        finally:
            ended.append(True)

    with interrupts.listening(), pytest.raises(KeyboardInterrupt):
        host.run_own(ring())
    assert ended == [False, True]
    with interrupts.listening():
        # It begins by forgetting the signal, which would still be pending in the tests that follow.
        pass
