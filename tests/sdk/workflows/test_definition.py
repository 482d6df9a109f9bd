"""What a workflow is: read from what a user writes, and the same again from what a run keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.workflows.definition import (
    CONTINUE,
    NEED,
    STOP,
    UNSAID,
    Defaults,
    FailurePolicy,
    Misfit,
    Workflow,
    agents_from_json,
    agents_to_json,
    read_agents,
    read_policy,
    read_workflow,
)

WORDS = st.text("ab-2", min_size=1, max_size=4)
DEFAULTS = st.builds(Defaults, st.none() | st.floats(1, 600), st.integers(0, 3), st.booleans())
SETTINGS = st.dictionaries(WORDS, st.integers() | WORDS, max_size=2)
PLANS = st.fixed_dictionaries(
    {"agent": WORDS},
    optional={
        "config": SETTINGS,
        "task": WORDS,
        "context": SETTINGS,
        "deadline": st.floats(1, 600),
        "retries": st.integers(0, 3),
        "repeatable": st.booleans(),
    },
)
POLICIES = st.sampled_from([STOP, CONTINUE, {NEED: 2}])


def phase(**more: Any) -> dict[str, Any]:
    return {"id": "one", "agents": ["a"], **more}


def keys(*agents: Any) -> list[str]:
    return [agent.key for agent in read_agents(list(agents), UNSAID)]


@given(st.lists(WORDS | PLANS, min_size=1), DEFAULTS)
def test_agents_are_the_same_again_from_what_is_kept(named: list[Any], defaults: Defaults) -> None:
    agents = read_agents(named, defaults)
    assert len({agent.key for agent in agents}) == len(named)
    for beside in (defaults, UNSAID):
        kept = json.loads(json.dumps(agents_to_json(agents, beside)))
        assert agents_from_json(kept, beside) == agents


@given(st.lists(st.tuples(st.lists(WORDS | PLANS, min_size=1), POLICIES), min_size=1, max_size=4), DEFAULTS)
def test_a_workflow_is_the_same_again_from_what_is_kept(listed: list[Any], defaults: Defaults) -> None:
    phases = [{"id": f"p{number}", "agents": each, "failure": how} for number, (each, how) in enumerate(listed)]
    workflow = read_workflow("w", {"phases": phases}, defaults)
    assert Workflow.from_json(json.loads(json.dumps(workflow.told))) == workflow


def test_an_orchestrator_is_the_same_again_from_what_is_kept() -> None:
    workflow = read_workflow("w", {"orchestrator": "o", "config": {"size": 1}, "description": "D."}, UNSAID)
    assert (workflow.orchestrator, workflow.config, workflow.description) == ("o", {"size": 1}, "D.")
    assert Workflow.from_json(workflow.told) == workflow


def test_agents_of_which_the_name_alone_is_said_are_kept_as_that_name() -> None:
    agents = read_agents(["a", "a", {"agent": "b", "retries": 2}], Defaults(60.0, 1))
    assert agents_to_json(agents, Defaults(60.0, 1)) == [
        "a",
        "a",
        {"agent": "b", "key": "b", "deadline": 60.0, "retries": 2},
    ]


def test_keys_are_names_and_where_these_are_taken_names_with_a_number() -> None:
    assert keys("a", "b", "a", "a") == ["a", "b", "a-3", "a-4"]
    assert keys("a-2", "a", "a") == ["a-2", "a", "a-3"]
    assert keys({"agent": "a", "key": "a-2"}, "a", {"agent": "a"}) == ["a-2", "a", "a-3"]


def test_an_agent_has_what_its_plan_says_and_else_the_defaults() -> None:
    one, other = read_agents(["a", {"agent": "b", "deadline": 0, "repeatable": False}], Defaults(60.0, 2, True))
    assert (one.deadline, one.retries, one.repeatable) == (60.0, 2, True)
    assert (other.deadline, other.retries, other.repeatable) == (None, 2, False)


def test_a_phase_depends_on_the_one_before_unless_it_says_otherwise() -> None:
    phases = [
        {"id": "a", "agents": ["x"]},
        {"id": "b", "agents": ["x"]},
        {"id": "c", "agents": ["x"], "depends_on": "a"},
        {"id": "d", "agents": ["x"], "depends_on": []},
        {"id": "e", "agents": ["x"], "depends_on": ["b", "c"]},
    ]
    read = {each.id: each.depends_on for each in read_workflow("w", {"phases": phases}, UNSAID).phases}
    assert read == {"a": (), "b": ("a",), "c": ("a",), "d": (), "e": ("b", "c")}


def test_phases_stand_after_those_that_they_depend_on() -> None:
    phases = [{"id": "a", "agents": ["x"], "depends_on": "b"}, {"id": "b", "agents": ["x"], "depends_on": []}]
    assert [each.id for each in read_workflow("w", {"phases": phases}, UNSAID).phases] == ["b", "a"]


def test_a_phase_without_agents_is_what_a_plugin_offers_under_its_name_or_its_id() -> None:
    phases = [{"id": "a"}, {"id": "b", "phase": "c"}]
    assert [each.component for each in read_workflow("w", {"phases": phases}, UNSAID).phases] == ["a", "c"]


@pytest.mark.parametrize(
    ("policy", "succeeded", "is_met"),
    [(STOP, 2, False), (STOP, 3, True), (CONTINUE, 2, False), ({NEED: 2}, 1, False), ({NEED: 2}, 2, True)],
)
def test_a_policy_is_met_by_enough_agents(policy: Any, succeeded: int, is_met: Any) -> None:
    assert read_policy(policy).is_met(succeeded, 3) is is_met


def test_a_policy_reads_as_it_is_written() -> None:
    assert [str(each) for each in (FailurePolicy(), FailurePolicy(NEED, 2))] == ["stop", "need 2"]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ([], (), "must be a mapping"),
        ({"orchestrator": "o", "phases": []}, (), "has both 'phases' and an 'orchestrator'"),
        ({"phases": "one"}, ("phases",), "must be a list with at least one phase"),
        ({"phases": [1]}, ("phases", 0), "must be a mapping"),
        ({"phases": [phase(phase="x")]}, ("phases", 0), "has both 'agents' and a 'phase'"),
        ({"phases": [phase(agents="a")]}, ("phases", 0, "agents"), "must be a list of agents"),
        ({"phases": [phase(agents=[{}])]}, ("phases", 0, "agents", 0, "agent"), "must be the name of an agent"),
        ({"phases": [phase(agents=[1])]}, ("phases", 0, "agents", 0), "must be a mapping"),
        ({"phases": [phase(agents=[{"agent": "a", "config": 1}])]}, ("phases", 0, "agents", 0, "config"), "a mapping"),
        ({"phases": [phase(deadline=-1)]}, ("phases", 0, "deadline"), "a number of seconds of at least 0"),
        ({"phases": [phase(retries=True)]}, ("phases", 0, "retries"), "a whole number of at least 0"),
        ({"phases": [phase(repeatable="no")]}, ("phases", 0, "repeatable"), "must be true or false"),
        ({"phases": [phase(depends_on=[1])]}, ("phases", 0, "depends_on"), "must be a list of ids"),
        ({"phases": [phase(depends_on="ona")]}, ("phases", 0, "depends_on"), "names 'ona', which is no phase"),
        ({"phases": [phase(failure={NEED: 0})]}, ("phases", 0, "failure"), "must be stop, continue or"),
        ({"phases": [phase(agent="a")]}, ("phases", 0, "agent"), "means nothing here"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(data: Any, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(Misfit) as caught:
        read_workflow("w", data, UNSAID)
    assert message in str(caught.value)
    assert caught.value.path == path


def test_what_begins_with_x_is_the_users_own() -> None:
    assert read_workflow("w", {"phases": [phase(**{"x-note": "mine"})], "x-more": 1}, UNSAID).phases[0].id == "one"


def test_phases_that_wait_for_each_other_are_told_whole() -> None:
    phases = [phase(id="a", depends_on="b"), phase(id="b", depends_on="a")]
    with pytest.raises(Misfit, match="wait for each other") as caught:
        read_workflow("w", {"phases": phases}, UNSAID)
    assert sorted(set(caught.value.cycle)) == ["a", "b"]
    assert caught.value.cycle[0] == caught.value.cycle[-1]
