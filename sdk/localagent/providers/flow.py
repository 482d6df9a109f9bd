"""An answer on its way: the provider's pieces as they come, the last of them with the response."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from localagent.errors import BadResponse, LocalAgentError, StreamCut
from localagent.plugins.provider import CompletionResponse, StreamChunk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from localagent.plugins.provider import CompletionRequest
    from localagent.providers.instances import Instance

LONGEST = 10_000_000
"""Characters and pieces of an answer, together; one that goes on longer has no end."""
_TURN = 64
"""Pieces after which a provider that never waits lets others go on."""


async def complete(instance: Instance, request: CompletionRequest) -> CompletionResponse:
    """The whole answer of a provider.

    Raises:
        ProviderError: the provider says why there is none, or gave something else than a response.
        PluginFailed: it failed.
    """
    began = time.monotonic()
    response = await instance.call("complete", instance.provider.complete, request)
    if not isinstance(response, CompletionResponse):
        raise BadResponse(_not_one(response, "CompletionResponse"), provider=instance.name)
    return _timed(response, began)


async def stream(instance: Instance, request: CompletionRequest) -> AsyncGenerator[str]:
    """The answer of a provider piece by piece; the last one is a `StreamChunk` with the response.

    The provider runs in a task of its own, so a reader that is slow, or raises, is not taken for its failure.
    Closing this early ends the provider's generator.

    Raises:
        ProviderError: the provider says why there is no answer; `StreamCut` once a piece came.
        PluginFailed: it failed before the first piece.
    """
    began = time.monotonic()
    pieces: deque[str] = deque()
    arrived = asyncio.Event()
    task = asyncio.create_task(instance.call("complete", _pump, instance, request, pieces, arrived))
    task.add_done_callback(lambda _: arrived.set())
    told: list[str] = []
    last = ""
    response: CompletionResponse | None = None
    try:
        while pieces or not task.done():
            if not pieces:
                arrived.clear()
                await arrived.wait()
                continue
            piece = pieces.popleft()
            told.append(piece)
            if isinstance(piece, StreamChunk) and piece.response is not None:
                last, response = piece, piece.response
                continue
            yield piece
        _raise_failure(task, instance.name, "".join(told))
        yield StreamChunk(last, response=_timed(response or CompletionResponse("".join(told)), began))
    finally:
        await _end(task)


async def _pump(instance: Instance, request: CompletionRequest, pieces: deque[str], arrived: asyncio.Event) -> None:
    """Hand on what the provider gives until it ends."""
    with instance.caller.streaming():
        await _hand_on(instance, request, pieces, arrived)


async def _hand_on(instance: Instance, request: CompletionRequest, pieces: deque[str], arrived: asyncio.Event) -> None:
    given: Any = instance.provider.stream_complete(request)
    source: AsyncIterator[Any] = await given if inspect.isawaitable(given) else given
    size = count = 0
    try:
        async for piece in source:
            if not isinstance(piece, str):
                raise BadResponse(_not_one(piece, "str"), provider=instance.name)
            size += len(piece) + 1
            if size > LONGEST:
                raise BadResponse(f"the answer is longer than {LONGEST} characters", provider=instance.name)
            pieces.append(piece)
            arrived.set()
            count += 1
            if not count % _TURN:
                await asyncio.sleep(0)
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


def _raise_failure(task: asyncio.Task[Any], name: str, told: str) -> None:
    """Raise what ended a provider's task, if anything did; with what it told before, if that is any."""
    failure = task.exception()
    if failure is None:
        return
    if not told or isinstance(failure, StreamCut) or not isinstance(failure, LocalAgentError):
        raise failure
    raise StreamCut(f"the answer broke off: {failure.message}", provider=name, partial=told) from failure


async def _end(task: asyncio.Task[Any]) -> None:
    """Stop a provider's task if it still runs, and wait until it let go of what it holds."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


def _timed(response: CompletionResponse, began: float) -> CompletionResponse:
    if response.latency is not None:
        return response
    return dataclasses.replace(response, latency=time.monotonic() - began)


def _not_one(value: object, wanted: str) -> str:
    return f"it gave a value of the type '{type(value).__name__}' where a {wanted} was expected"
