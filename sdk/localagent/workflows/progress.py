"""What happens in a run, and how far it is by that."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.plugins.workflow_status import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.plugins.workflow_status import State


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        topic: ``workflow_started``, ``phase_started``, ``phase_completed``, ``phase_failed``, ``workflow_completed``,
            ``workflow_failed``, ``workflow_interrupted``, or ``agent`` for an attempt that ended.
        data: as it goes to the message bus.
    """

    topic: str
    data: dict[str, Any]


class Progress:
    """How far a run is, by the events so far.

    Args:
        clock: seconds of any clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._name = ""
        self._phases = 0
        self._over = 0
        self._agents = 0
        self._running: list[str] = []
        self._state: State = "waiting"

    def take(self, event: Event) -> None:
        """Count an event."""
        data = event.data
        if event.topic == "workflow_started":
            self._name, self._phases, self._state = data["workflow"], len(data["phases"]), "running"
        elif event.topic == "phase_started":
            self._running.append(data["phase"])
        elif event.topic in ("phase_completed", "phase_failed"):
            self._running.remove(data["phase"])
            self._over += 1
        elif event.topic == "agent":
            self._agents += 1
        elif event.topic == "workflow_interrupted":
            self._state = "cancelled"
        else:
            self._state = "done" if event.topic == "workflow_completed" else "failed"

    @property
    def status(self) -> WorkflowStatus:
        """The run as dashboards show it; phases count alike, however many agents they have."""
        done = 100.0 if self._state == "done" else 100.0 * self._over / max(self._phases, self._over + 1)
        phase = f"{', '.join(self._running)} ({self._agents} agents ended)" if self._running else ""
        return WorkflowStatus(self._name or "workflow", done, self._state, phase, self._clock() - self._began)
