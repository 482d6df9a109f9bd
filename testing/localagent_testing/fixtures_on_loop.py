"""What the fixtures do on the event loop of a test; only where pytest-asyncio, which has that loop, is loaded."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from localagent_testing.trial import Trial


@dataclass(frozen=True, slots=True)
class LoopOfTest:
    """The event loop of one test.

    Attributes:
        loop: the loop.
        ending: what is awaited on it once the test is over.
    """

    loop: asyncio.AbstractEventLoop
    ending: AsyncExitStack


@pytest_asyncio.fixture(loop_scope="function")
async def localagent_loop() -> AsyncIterator[LoopOfTest]:
    """The loop, for fixtures that are no coroutines."""
    async with AsyncExitStack() as ending:
        yield LoopOfTest(asyncio.get_running_loop(), ending)


@pytest_asyncio.fixture(loop_scope="function")
async def localagent_plugin_on_loop(localagent_trial: Trial[Any]) -> AsyncIterator[Any]:
    """The plugin under test, ready."""
    yield await localagent_trial.start()
    await localagent_trial.end()
