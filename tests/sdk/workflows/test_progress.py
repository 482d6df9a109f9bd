"""How far a run is, by what has happened in it."""

from __future__ import annotations

import pytest

from localagent.plugins.workflow_status import WorkflowStatus
from localagent.workflows.progress import Event, Progress

STARTED = Event("workflow_started", {"workflow": "w", "phases": ["one", "two", "three", "four"]})


def begun(phase: str) -> Event:
    return Event("phase_started", {"phase": phase})


def over(phase: str, how: str = "completed") -> Event:
    return Event(f"phase_{how}", {"phase": phase})


def agent(phase: str) -> Event:
    return Event("agent", {"phase": phase, "key": "a", "status": "succeeded"})


def after(*events: Event) -> WorkflowStatus:
    """The status after these, a second after the beginning."""
    moments = iter((10.0, 11.0))
    progress = Progress(clock=lambda: next(moments))
    for event in events:
        progress.take(event)
    return progress.status


def test_a_run_that_did_not_begin_waits() -> None:
    assert after() == WorkflowStatus("workflow", 0.0, "waiting", "", 1.0)


def test_a_run_that_began_has_its_name() -> None:
    assert after(STARTED) == WorkflowStatus("w", 0.0, "running", "", 1.0)


def test_phases_count_alike_however_many_agents_they_have() -> None:
    status = after(STARTED, begun("one"), agent("one"), agent("one"), over("one"), begun("two"))
    assert status == WorkflowStatus("w", 25.0, "running", "two (2 agents ended)", 1.0)


def test_phases_side_by_side_are_all_named() -> None:
    status = after(STARTED, begun("one"), begun("two"), begun("three"), over("two"))
    assert (status.progress, status.phase) == (25.0, "one, three (0 agents ended)")


def test_a_phase_that_failed_is_over_too() -> None:
    assert after(STARTED, begun("one"), over("one", "failed")).progress == 25.0


def test_an_orchestrator_whose_phases_nobody_knows_is_never_all_done_before_its_end() -> None:
    begin = Event("workflow_started", {"workflow": "w", "phases": []})
    seen = [begun("one"), over("one"), begun("two"), over("two")]
    assert after(begin).progress == 0.0
    assert after(begin, *seen).progress == pytest.approx(100 * 2 / 3)
    assert after(begin, *seen, Event("workflow_completed", {})).progress == 100.0


@pytest.mark.parametrize(
    ("topic", "state", "progress"),
    [
        ("workflow_completed", "done", 100.0),
        ("workflow_failed", "failed", 25.0),
        ("workflow_interrupted", "cancelled", 25.0),
    ],
)
def test_the_end_of_a_run_is_its_state(topic: str, state: str, progress: float) -> None:
    status = after(STARTED, begun("one"), over("one"), Event(topic, {}))
    assert (status.state, status.progress) == (state, progress)
