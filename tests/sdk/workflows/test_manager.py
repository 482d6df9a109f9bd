"""Workflows over a real host: what agents get and give, what failures mean, what is recorded, how runs go on."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import (
    ConfigError,
    PhaseCycle,
    RefusedError,
    RunBusy,
    RunNotFound,
    UnknownWorkflowName,
    UsageError,
)
from localagent.services.bus.frozen import FrozenDict
from localagent.workflows.progress import Event
from sdk.workflows.workshop import Workshop, furnish, phases, wait_until, worker

pytestmark = pytest.mark.asyncio


async def run(
    home: Path, workflow: dict[str, Any] | str, *, settings: dict[str, Any] | None = None, **given: Any
) -> Any:
    """The result of a workflow that is the only one of the home, or of one that is there."""
    if not isinstance(workflow, str):
        furnish(home, {"w": workflow}, **(settings or {}))
        workflow = "w"
    async with Workshop(home) as shop:
        return await shop.workflows.execute_workflow("task", workflow=workflow, **given)


async def recorded(home: Path, run_id: str) -> dict[str, list[tuple[str, int, str]]]:
    """By phase the key, number and status of each attempt that was recorded."""
    async with Workshop(home) as shop:
        with shop.workflows.recorded() as runs:
            record = runs.find(run_id)
            return {
                phase.id: [
                    (phase.agents[each.agent].key, each.attempt, each.outcome.status if each.outcome else "begun")
                    for each in runs.attempts(record, phase.number)
                ]
                for phase in runs.phases(record)
            }


async def test_phases_run_one_after_the_other_and_see_what_the_one_before_gave(home: Path) -> None:
    result = await run(home, phases(("one", ["worker", "worker"]), ("two", ["worker"])))
    assert result["success"] is True
    assert result["result"] == {
        "phase": "two",
        "results": [
            {"agent": "worker", "success": True, "result": "task/two", "attempt": 1, "seen": {"one": 2}},
        ],
        "success": True,
    }
    assert result["phases"] == {
        "one": {"success": True, "agents": 2, "succeeded": 2},
        "two": {"success": True, "agents": 1, "succeeded": 1},
    }


async def test_a_phase_that_depends_on_two_sees_both_and_what_depends_on_none_comes_first(home: Path) -> None:
    workflow = phases(
        {"id": "last", "agents": ["worker"], "depends_on": ["a", "b"]},
        {"id": "a", "agents": ["worker"], "depends_on": []},
        {"id": "b", "agents": ["worker", "worker"], "depends_on": []},
    )
    result = await run(home, workflow)
    assert result["result"]["results"][0]["seen"] == {"a": 1, "b": 2}


async def test_phases_of_a_plugin_do_their_work_themselves_or_name_their_agents(home: Path) -> None:
    workflow = phases({"id": "whole"}, {"id": "mine", "phase": "planned"})
    result = await run(home, workflow)
    assert [each["result"] for each in result["result"]["results"]] == ["task/mine", "task/mine"]
    assert await recorded(home, result["run_id"]) == {
        "whole": [("whole", 1, "succeeded")],
        "mine": [("worker", 1, "succeeded"), ("worker-2", 1, "succeeded")],
    }


async def test_an_orchestrator_lets_phases_run_that_are_recorded(home: Path) -> None:
    furnish(home, {"w": {"orchestrator": "conductor", "config": {"fails": 9}}})
    result = await run(home, "w")
    assert (result["success"], result["result"]) == (True, {"result": [2, False]})
    assert list(await recorded(home, result["run_id"])) == ["first", "second"]
    assert (await run(home, "conductor"))["result"] == {"result": [2, True]}


async def test_the_failure_of_one_agent_is_a_result_and_stops_what_comes_after(home: Path) -> None:
    result = await run(home, phases(("one", ["worker", worker(fails=9, key="bad")]), ("two", ["worker"])))
    assert result["success"] is False
    assert result["error"] == "one: bad: ValueError: no luck"
    assert list(result["phases"]) == ["one"]
    assert [each["success"] for each in result["result"]["results"]] == [True, False]


@pytest.mark.parametrize(
    ("failure", "success", "ran"),
    [
        ("stop", False, ["one"]),
        ("continue", False, ["one", "two"]),
        ({"need": 1}, True, ["one", "two"]),
        ({"need": 2}, False, ["one"]),
    ],
    ids=str,
)
async def test_what_failures_mean_is_the_policy_of_the_phase(
    home: Path, failure: Any, *, success: bool, ran: list[str]
) -> None:
    one = {"id": "one", "agents": ["worker", worker(fails=9)], "failure": failure}
    result = await run(home, phases(one, ("two", ["worker"])))
    assert (result["success"], list(result["phases"])) == (success, ran)


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        ({"fails": 9}, "ValueError", "ValueError: no luck"),
        ({"exit": True}, "SystemExit", "asked the whole process to exit (SystemExit(7))"),
        ({"gives": [1]}, "TypeError", "the agent 'worker' of the plugin 'parts' gave list, expected a dict"),
        ({"odd": True}, "TypeError", "the agent 'worker' of the plugin 'parts' gave what is no JSON"),
        ({"gives": {"success": False, "error": "not today"}}, "", "not today"),
        ({"gives": {"success": False}}, "", "it says so, without a reason"),
        ({"sleep": 60}, "PluginTimeout", "took longer than 0.1 s"),
        ({"busy": True}, "PluginTimeout", "took longer than 0.1 s"),
        ({"stubborn": True}, "PluginTimeout", "took longer than 0.1 s"),
    ],
    ids=str,
)
async def test_every_way_to_fail_is_told_with_its_class_and_words(
    home: Path, config: dict[str, Any], kind: str, message: str
) -> None:
    agent = {"agent": "worker", "key": "it", "config": config, "deadline": 0.1}
    result = await run(home, phases(("one", [agent])), settings={"budgets": {"grace": 0.1}})
    assert result["success"] is False
    async with Workshop(home) as shop:
        with shop.workflows.recorded() as runs:
            (attempt,) = runs.attempts(runs.find(result["run_id"]), 0)
    assert attempt.outcome is not None
    assert attempt.outcome.error is not None
    assert attempt.outcome.error.kind == kind
    assert message in attempt.outcome.error.message
    if kind == "ValueError":
        assert attempt.outcome.error.place.endswith("plugin.py:33")


@pytest.mark.parametrize(("undecoded", "key"), [("given", "result"), ("told", "error")])
async def test_half_a_character_as_names_of_files_have_it_is_kept(home: Path, undecoded: str, key: str) -> None:
    agents = [worker(undecoded=undecoded), "worker"]
    result = await run(home, phases({"id": "one", "agents": agents, "failure": "continue"}))
    half, whole = result["result"]["results"]
    assert half[key].endswith("half \udcff")
    assert whole["success"]
    async with Workshop(home) as shop:
        with shop.workflows.recorded() as runs:
            record = runs.find(result["run_id"])
            outcome = runs.attempts(record, 0)[0].outcome
    assert record.result == result
    assert outcome is not None
    assert (outcome.result.get("result") or (outcome.error and outcome.error.message)) == half[key]


async def test_an_agent_is_tried_again_as_often_as_it_may_be(home: Path) -> None:
    agents = [worker(fails=2, retries=2, key="enough"), worker(fails=2, retries=1, key="less")]
    result = await run(home, phases({"id": "one", "agents": agents, "failure": "continue"}))
    assert [each["success"] for each in result["result"]["results"]] == [True, False]
    assert await recorded(home, result["run_id"]) == {
        "one": [
            ("enough", 1, "failed"),
            ("enough", 2, "failed"),
            ("enough", 3, "succeeded"),
            ("less", 1, "failed"),
            ("less", 2, "failed"),
        ]
    }


async def test_agents_get_their_own_context_and_cannot_change_that_of_others(home: Path) -> None:
    one = {"id": "one", "agents": ["worker"]}
    two = {"id": "two", "agents": ["meddler", "worker"], "failure": {"need": 1}}
    result = await run(home, phases(one, two), context={"key": [1]})
    assert [each["success"] for each in result["result"]["results"]] == [False, True]
    assert "cannot be changed" in result["result"]["results"][0]["error"]
    assert result["result"]["results"][1]["seen"] == {"one": 1}


async def test_agents_ask_the_provider_of_the_run(home: Path, work: Path) -> None:
    (work / "answer.txt").write_text("forty-two", encoding="utf-8")
    settings = {"providers": {"scripted": {"file": str(work / "answer.txt")}}}
    result = await run(home, phases(("one", ["asker"])), settings=settings, provider="scripted")
    assert result["result"]["results"][0]["result"] == "forty-two"


async def test_the_built_in_workflow_plans_answers_and_checks_over_any_provider(home: Path, work: Path) -> None:
    (work / "answer.txt").write_text("OK then", encoding="utf-8")
    furnish(home, {}, providers={"scripted": {"file": str(work / "answer.txt")}})
    async with Workshop(home) as shop:
        result = await shop.workflows.execute_workflow("Test workflow", provider="scripted")
    assert result["success"] is True
    assert list(result["phases"]) == ["answer", "check", "plan"]
    (checked,) = result["result"]["results"]
    assert (checked["result"], checked["approved"]) == ("OK then", True)


async def test_what_happens_is_told_on_the_bus_and_to_who_looks_on(home: Path) -> None:
    furnish(home, {"w": phases(("one", ["worker"])), "bad": phases(("one", [worker(fails=9)]))})
    seen: list[Event] = []
    heard: list[tuple[str, dict[str, Any]]] = []
    topics = ["workflow_started", "phase_started", "phase_completed", "workflow_completed"]
    async with Workshop(home) as shop:
        bus = shop.host.message_bus
        for topic in (*topics, "phase_failed", "workflow_failed"):
            bus.subscribe(topic, lambda message: heard.append((message.topic, message.data)))
        good = await shop.workflows.execute_workflow("task", workflow="w", show=seen.append)
        await shop.workflows.execute_workflow("task", workflow="bad")
    assert [topic for topic, _ in heard] == [*topics, *topics[:2], "phase_failed", "workflow_failed"]
    assert {data["workflow_id"] for _, data in heard[:4]} == {good["run_id"]}
    assert [event.topic for event in seen] == ["run", *topics[:2], "agent", *topics[2:]]


@pytest.mark.parametrize(
    ("workflow", "error", "message"),
    [
        ({"phases": []}, ConfigError, "'workflows.w.phases' must be a list with at least one phase"),
        (phases(("one", [])), ConfigError, "'workflows.w.phases[0].agents' has no agents"),
        (phases({"id": "one", "agent": "worker"}), ConfigError, "'workflows.w.phases[0].agent' means nothing here"),
        (phases({"id": "a b", "agents": ["worker"]}), ConfigError, "must be a word"),
        (phases(("one", ["worker"]), ("one", ["worker"])), ConfigError, "is the id of two phases: 'one'"),
        (phases(("one", [worker(key="x"), worker(key="x")])), ConfigError, "is the key of two agents: 'x'"),
        (phases({"id": "one", "agents": ["worker"], "failure": "stops"}), ConfigError, "must be stop, continue or"),
        (phases({"id": "one", "agents": ["worker"], "limit": 0}), ConfigError, "of at least 1"),
        (phases(("one", ["workr"])), UnknownWorkflowName, "there is no agent 'workr'"),
        (phases({"id": "wholl"}), UnknownWorkflowName, "there is no phase 'wholl'"),
        ({"orchestrator": "conductors"}, UnknownWorkflowName, "there is no orchestrator 'conductors'"),
    ],
    ids=str,
)
async def test_a_workflow_that_cannot_be_meant_is_refused_before_anything_runs(
    home: Path, workflow: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=r".") as caught:
        await run(home, workflow)
    assert message in str(caught.value)
    assert not (home / "runs").exists()


async def test_a_cycle_of_phases_is_told_whole(home: Path) -> None:
    workflow = phases(
        {"id": "a", "agents": ["worker"], "depends_on": ["c"]},
        {"id": "b", "agents": ["worker"], "depends_on": ["a"]},
        {"id": "c", "agents": ["worker"], "depends_on": ["b"]},
    )
    with pytest.raises(PhaseCycle) as caught:
        await run(home, workflow)
    cycle = caught.value.phases
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    waits_for = {"a": "c", "b": "a", "c": "b"}
    assert all(waits_for[one] == other for one, other in itertools.pairwise(cycle))


async def test_unknown_names_are_answered_with_the_nearest(home: Path) -> None:
    furnish(home, {"review": phases(("one", ["worker"]))})
    with pytest.raises(UnknownWorkflowName, match="no workflow 'reviews'") as caught:
        await run(home, "reviews")
    assert caught.value.fix == "did you mean 'review'?"
    with pytest.raises(UnknownWorkflowName, match="no executor 'dsk'") as caught:
        await run(home, "review", executor="dsk")
    assert caught.value.fix == "did you mean 'dask'?"
    with pytest.raises(UsageError, match="JSON values"):
        await run(home, "review", context={"x": object()})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"agents": []}, "agents() of the phase 'planned' of the plugin 'parts' has no agents"),
        ({"agents": 3}, "must be a list of agents, not a number"),
        ({"agents": ["nobody"]}, "there is no agent 'nobody'"),
    ],
    ids=str,
)
async def test_a_phase_that_names_no_agents_fails_and_is_recorded_so(
    home: Path, config: dict[str, Any], message: str
) -> None:
    result = await run(home, phases({"id": "one", "phase": "planned", "config": config}))
    assert result["success"] is False
    assert message in result["error"]
    neither = await run(home, phases({"id": "neither"}))
    assert "has neither 'execute' nor 'agents'" in neither["error"]


async def test_a_run_goes_on_with_the_agents_that_failed_and_not_with_the_others(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    workflow = phases(("one", ["worker"]), ("two", ["worker", worker(fails=1, key="bad")]), ("three", ["worker"]))
    first = await run(home, workflow, context={"log": str(log)})
    assert first["success"] is False
    async with Workshop(home) as shop:
        again = await shop.workflows.resume(first["run_id"][:4])
        assert again["success"] is True
        assert again == await shop.workflows.resume(first["run_id"])
    ran = log.read_text().split()
    assert ran == ["one:worker:1", "two:worker:1", "two:bad:1", "two:bad:2", "three:worker:1"]


async def test_an_orchestrator_that_is_resumed_gets_finished_phases_from_the_record(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    furnish(home, {"w": {"orchestrator": "conductor", "config": {"gives": {"success": True}}}})
    async with Workshop(home) as shop:
        first = await shop.workflows.execute_workflow("task", workflow="w", context={"log": str(log)})
        with shop.workflows.recorded() as runs:
            runs.end(runs.find(first["run_id"]), "interrupted")
        assert await shop.workflows.resume(first["run_id"]) == first
    assert sorted(log.read_text().split()) == ["first:b:1", "first:worker:1", "second:worker:1"]


async def test_a_step_that_must_not_be_repeated_asks_first(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    once = worker(fails=1, key="once", repeatable=False)
    first = await run(home, phases(("one", [once])), context={"log": str(log)})
    async with Workshop(home) as shop:
        with pytest.raises(RefusedError, match="one/once") as refused:
            await shop.workflows.resume(first["run_id"])
        assert "--repeat" in (refused.value.fix or "")
        again = await shop.workflows.resume(first["run_id"], may_repeat=lambda steps: steps == ("one/once",))
    assert again["success"] is True


async def test_a_run_that_is_cancelled_is_interrupted_and_goes_on(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    furnish(home, {"w": phases(("one", ["worker"]), ("two", ["watcher"]))})
    told: list[Event] = []
    async with Workshop(home) as shop:
        work = shop.workflows.execute_workflow("task", workflow="w", context={"log": str(log)}, show=told.append)
        task = asyncio.create_task(work)
        await asyncio.to_thread(wait_until, lambda: log.exists() and log.read_text() == "at work")
        run_id = told[0].data["workflow_id"]
        with pytest.raises(RunBusy):
            await shop.workflows.resume(run_id)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with shop.workflows.recorded() as runs:
            assert runs.find(run_id).state == "interrupted"
    assert log.read_text() == "cancelled: True"
    assert told[-1] == Event("workflow_interrupted", {"workflow_id": run_id, "left": ()})


async def test_runs_are_found_by_the_beginning_of_their_id(home: Path) -> None:
    first = await run(home, phases(("one", ["worker"])))
    async with Workshop(home) as shop:
        with shop.workflows.recorded() as runs:
            assert runs.find(first["run_id"][:3]).id == first["run_id"]
            with pytest.raises(RunNotFound, match="no run 'zzz'"):
                runs.find("zzz")
            for _ in range(17):
                await shop.workflows.execute_workflow("task", workflow="w")
            ids = [each.id for each in runs.newest()]
            shared = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
            with pytest.raises(RunNotFound, match="several runs begin with"):
                runs.find(shared)
            assert [each.number for each in runs.newest(3)] == [18, 17, 16]


async def test_development_mode_keeps_what_was_given_and_traces(home: Path) -> None:
    workflow = phases(("one", [worker(fails=9, key="bad")]))
    furnish(home, {"w": workflow})
    (home / "development.yaml").write_text(
        "development:\n  workflow: {save_intermediate_results: true, detailed_error_traces: true}\n", encoding="utf-8"
    )
    result = await run(home, "w", context={"x": 1})
    async with Workshop(home) as shop:
        with shop.workflows.recorded() as runs:
            (attempt,) = runs.attempts(runs.find(result["run_id"]), 0)
    assert attempt.given is not None
    assert (attempt.given["config"], attempt.given["context"]["x"]) == ({"fails": 9}, 1)
    assert attempt.outcome is not None
    assert attempt.outcome.error is not None
    assert "Traceback" in attempt.outcome.error.trace


async def test_a_long_run_keeps_no_results_that_nobody_needs_any_more(home: Path) -> None:
    """What is in memory at the most depends on the largest phase, not on how many there are."""

    def chain(count: int) -> dict[str, Any]:
        config = {"count": 100, "each": {"gives": {"result": "x" * 500}}}
        return phases(*({"id": f"p{number}", "phase": "planned", "config": config} for number in range(count)))

    furnish(home, {"short": chain(2), "long": chain(6)})
    most: dict[str, int] = {}
    async with Workshop(home) as shop:
        for name in ("short", "short", "long"):
            held: list[int] = []

            def look(event: Event, held: list[int] = held) -> None:
                if event.topic == "phase_completed":
                    gc.collect()
                    held.append(sum(sys.getsizeof(each) for each in gc.get_objects() if type(each) is FrozenDict))

            await shop.workflows.execute_workflow("task", workflow=name, show=look)
            most[name] = max(held)
    assert most["short"] > 0
    assert most["long"] <= most["short"] * 1.1


async def test_runs_of_one_host_side_by_side_are_recorded_each_for_itself(home: Path) -> None:
    furnish(home, {"two": phases(("first", [worker(sleep=0.01)] * 2), ("second", ["worker"]))})
    async with Workshop(home) as shop:
        results = await asyncio.gather(*(shop.workflows.execute_workflow("t", workflow="two") for _ in range(3)))
        with shop.workflows.recorded() as runs:
            told = [[phase.state for phase in runs.phases(runs.find(each["run_id"]))] for each in results]
    assert told == [["succeeded", "succeeded"]] * 3


async def test_the_file_of_runs_is_let_go_with_the_host(home: Path) -> None:
    """The last who lets it go takes the log of writes with it."""
    furnish(home, {"one": phases(("first", ["worker"]))})
    async with Workshop(home) as shop:
        await shop.workflows.execute_workflow("t", workflow="one")
        log = shop.host.home.runs_file.with_name(f"{shop.host.home.runs_file.name}-wal")
        assert log.exists()
    assert not log.exists()


async def test_a_workflow_that_was_changed_while_the_host_runs_is_read_again(home: Path) -> None:
    furnish(home, {"w": phases(("first", ["worker"]))})
    async with Workshop(home) as shop:
        before = await shop.workflows.execute_workflow("t", workflow="w")
        shop.host.settings.user["workflows"]["w"]["phases"][0]["agents"].append("worker")
        after = await shop.workflows.execute_workflow("t", workflow="w")
    assert [each["phases"]["first"]["agents"] for each in (before, after)] == [1, 2]
