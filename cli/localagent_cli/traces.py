"""Python's account of an error, with a plugin's own lines before those of the host that called it."""

from __future__ import annotations

import itertools
import traceback
from typing import TYPE_CHECKING

from localagent.errors import PluginNotAvailable
from localagent.host.places import is_hosts

if TYPE_CHECKING:
    from localagent.errors import LocalAgentError

_CALLERS = ("localagent_cli", "typer", "click", "asyncio", "contextvars", "threading")
"""Packages through which the host calls plugins, beside its own."""


def trace_of(error: LocalAgentError) -> str:
    """What raised an error; of a plugin's failure the plugin's frames first, then those that led to it."""
    cause = error.__cause__
    if cause is None or not isinstance(error, PluginNotAvailable):
        return "".join(traceback.format_exception(error)).rstrip()
    told = traceback.TracebackException.from_exception(cause)
    frames = list(told.stack)
    led_here = list(itertools.takewhile(lambda frame: _is_callers(frame.filename), frames))
    if len(led_here) == len(frames):
        return "".join(traceback.format_exception(error)).rstrip()
    told.stack = traceback.StackSummary.from_list(frames[len(led_here) :])
    way = [*traceback.extract_tb(error.__traceback__), *led_here]
    return "".join([*told.format(), "\nThe host came there by:\n", *traceback.format_list(way)]).rstrip()


def _is_callers(file: str) -> bool:
    parts = file.replace("\\", "/").split("/")
    return is_hosts(file) or any(package in parts for package in _CALLERS)
