"""How a workflow stands, from what files say."""

from __future__ import annotations

from typing import Any

import pytest

from localagent.plugins.workflow_status import WorkflowStatus


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "a"}, WorkflowStatus("a")),
        ({"name": "a", "progress": "40.5", "elapsed": "3", "state": ""}, WorkflowStatus("a", 40.5, elapsed=3)),
        ({"name": 7, "progress": None, "phase": None, "elapsed": ""}, WorkflowStatus("7")),
        ({"name": "a", "state": "failed", "phase": "tests"}, WorkflowStatus("a", state="failed", phase="tests")),
    ],
)
def test_a_mapping_says_a_status(data: dict[str, Any], status: WorkflowStatus) -> None:
    assert WorkflowStatus.from_dict(data) == status


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "the name is missing"),
        ({"name": ""}, "the name is missing"),
        ({"name": "a", "percent": 3}, "'percent' is none of name, progress, state, phase, elapsed"),
        ({"name": "a", "state": "lost"}, "the state is one of waiting, running"),
        ({"name": "a", "progress": "half"}, "progress is a number, not 'half'"),
        ({"name": "a", "progress": [1]}, "progress is a number"),
        ({"name": "a", "elapsed": float("nan")}, "elapsed is a number"),
        ({"name": "a", "elapsed": "inf"}, "elapsed is a number"),
    ],
)
def test_what_says_none_is_told(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorkflowStatus.from_dict(data)
