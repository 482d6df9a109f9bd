"""What the host counts of its plugins while it runs: tasks it gave up, handlers it paused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asyncio import Task

_log = logging.getLogger("localagent.host")


class Abandoned(NamedTuple):
    """A task that did not end although it was cancelled.

    Attributes:
        plugin: whose task.
        step: what it was doing.
        task: the task; it may end later.
    """

    plugin: str
    step: str
    task: Task[Any]


class Paused(NamedTuple):
    """A message handler or lifecycle hook that is not called any more.

    Attributes:
        plugin: whose.
        step: what it was called for.
        reason: its last failure.
    """

    plugin: str
    step: str
    reason: str


class Tally:
    """The counts of one host, oldest first.

    Attributes:
        abandoned: tasks.
        paused: handlers and hooks.
        left: names of tasks that plugins made by themselves and left when they went, with the line each waited at.
    """

    def __init__(self) -> None:
        self.abandoned: list[Abandoned] = []
        self.paused: list[Paused] = []
        self.left: dict[str, str] = {}

    def abandon(self, plugin: str, step: str, task: Task[Any]) -> None:
        """Give a task up and say so."""
        self.abandoned.append(Abandoned(plugin, step, task))
        _log.warning("the plugin '%s' does not let itself be cancelled in its step '%s'; abandoned", plugin, step)

    def pause(self, plugin: str, step: str, reason: str) -> None:
        """Give a handler up and say so."""
        self.paused.append(Paused(plugin, step, reason))
        _log.warning("the plugin '%s' failed too often: its %s is paused for this session (%s)", plugin, step, reason)
