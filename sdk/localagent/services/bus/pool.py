"""Handlers that block run in a few threads of their own."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from localagent.services.bus.failures import HANDLER_FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.plugins.messages import PluginMessage
    from localagent.services.bus.hearers import Handler

THREADS = 4


class HandlerPool:
    """Threads that are started when they are first needed."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None

    def wrap(self, handler: Handler) -> Handler:
        """`handler` as one that is awaited: called in a thread, one message after the other."""
        turn = asyncio.Lock()

        @functools.wraps(handler)
        async def call(message: PluginMessage) -> Any:
            # A lock lets in who came first, and so messages stay in order.
            async with turn:
                context, loop = copy_context(), asyncio.get_running_loop()
                threads = self._threads()
                result, error = await loop.run_in_executor(threads, lambda: context.run(_outcome, handler, message))
            if error is not None:
                raise error
            return result

        return call

    def close(self) -> None:
        """Begin nothing any more; threads that are at work end when they are done."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _threads(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="localagent-handler")
        return self._executor


def _outcome(handler: Callable[[PluginMessage], Any], message: PluginMessage) -> tuple[Any, BaseException | None]:
    """Result or failure: a future cannot carry every exception (StopIteration), and then nobody would hear of it."""
    try:
        return handler(message), None
    except HANDLER_FAILURES as error:
        return None, error
