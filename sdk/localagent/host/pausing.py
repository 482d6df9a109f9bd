"""Message handlers and lifecycle hooks that fail again and again are not called any more."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from localagent.errors import HandlerPaused, PluginFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from localagent.host.guard import Guard

FAILURES_IN_A_ROW = 3
"""After so many a handler is paused for the session."""


def pausable(guard: Guard, step: str, function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """`function` called through the guard, until it has failed three times in a row.

    Raises:
        PluginFailed: when called, as `Guard.call_async`.
        HandlerPaused: when called after that.
    """
    failures = 0

    @functools.wraps(function)
    async def call(*arguments: Any) -> Any:
        nonlocal failures
        if failures >= FAILURES_IN_A_ROW:
            raise HandlerPaused(
                f"{step}: paused after {failures} failures in a row",
                plugin=guard.plugin,
                version=guard.version,
                step=step,
                file=guard.root,
            )
        try:
            result = await guard.call_async(step, function, *arguments)
        except PluginFailed as failure:
            failures += 1
            if failures == FAILURES_IN_A_ROW:
                guard.tally.pause(guard.plugin, step, failure.message)
            raise
        failures = 0
        return result

    return call
