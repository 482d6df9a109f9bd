"""``localagent workflow``: running, what is shown of runs, and going on after every kind of end."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plain import MakePlugin, Run
from sdk.workflows.workshop import furnish, phases, wait_until, worker
from terminal import on_terminal, talk

pytestmark = pytest.mark.slow


def started(home: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A run as a process of its own, and its id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "workflow", *words],
        env={**os.environ, "LOCALAGENT_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("run "), line + process.stderr.read()
    return process, line.split()[1]


def ended(process: subprocess.Popen[str]) -> str:
    """What it said at last."""
    out, err = process.communicate(timeout=60)
    return out + err


def test_a_run_prints_its_result_and_its_steps_beside(home: Path, localagent: Run) -> None:
    furnish(home, {"w": phases(("one", ["worker"]), ("two", [worker(key="x")]))})
    done = localagent("workflow", "run", "Say it", "--workflow", "w")
    assert (done.code, done.out) == (0, "Say it/two\n")
    assert "phase one: 1 of 1 succeeded" in done.err
    as_json = json.loads(localagent("workflow", "run", "Say it", "-w", "w", "--json").out)
    assert as_json["success"] is True
    assert as_json["result"]["results"][0]["seen"] == {"one": 1}


def test_a_run_that_fails_says_why_and_where_to_look(home: Path, localagent: Run) -> None:
    evidence = [{"file": "a.py", "line": 3, "text": "a smell"}]
    agents = [worker(gives={"evidence": evidence}), worker(fails=9, retries=1, key="bad")]
    furnish(home, {"w": phases(("one", agents))})
    done = localagent("workflow", "run", "Say it", "-w", "w")
    assert done.code == 1
    assert "error: the workflow 'w' did not succeed: one: bad: ValueError: no luck" in done.err
    run_id = json.loads(localagent("workflow", "runs", "--json").out)[0]["run"]
    assert f"fix: localagent workflow show {run_id}" in done.err
    story = localagent("workflow", "show", run_id[:4])
    assert story.code == 0
    for line in (
        f"run {run_id}: w, failed",
        "task: Say it",
        "phase one: failed, 1 of 2 succeeded",
        "    saw a.py:3 a smell",
        "  bad (worker): failed, attempt 2",
        "plugin.py:33)",
        f"to go on: localagent workflow resume {run_id}",
    ):
        assert line in story.out
    told = json.loads(localagent("workflow", "show", run_id, "--json").out)
    assert [each["status"] for each in told["phases"][0]["agents"][1]["attempts"]] == ["failed", "failed"]


def test_many_agents_that_did_well_are_counted(home: Path, localagent: Run) -> None:
    furnish(home, {"w": phases({"id": "one", "agents": ["worker"] * 30 + [worker(fails=9)], "failure": "continue"})})
    localagent("workflow", "run", "Say it", "-w", "w")
    run_id = json.loads(localagent("workflow", "runs", "--json").out)[0]["run"]
    assert "30 more succeeded at once" in localagent("workflow", "show", run_id).out
    assert localagent("workflow", "show", run_id, "--all").out.count("worker): succeeded") == 29


def test_workflows_and_runs_are_listed_the_newest_first(home: Path, localagent: Run) -> None:
    ring = phases({"id": "a", "agents": ["worker"], "depends_on": ["a"]})
    furnish(home, {"mine": {"description": "What I need", **phases(("one", ["worker"]))}, "ring": ring})
    listed = localagent("workflow", "list")
    assert listed.code == 0
    for words in (["mine", "one", "What I need"], ["answer", "plan, answer, check"], ["conductor", "orchestrator"]):
        assert any(all(word in line for word in words) for line in listed.out.splitlines()), words
    assert "wait for each other: a -> a" in listed.out
    for task in ("first", "second"):
        localagent("workflow", "run", task, "-w", "mine")
    assert [row["task"] for row in json.loads(localagent("workflow", "runs", "--json").out)] == ["second", "first"]
    assert localagent("workflow", "runs", "--limit", "1").out.count("completed") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "x", "-w", "mime"), "did you mean 'mine'?"),
        (("run", "x", "-w", "mine", "--executor", "dsk"), "did you mean 'dask'?"),
        (("run", "x", "-w", "mine", "--context", "nothing"), "neither KEY=VALUE nor a file"),
        (("show", "zzz"), "there is no run 'zzz'"),
        (("resume", "zzz"), "there is no run 'zzz'"),
        (("run", "x", "-w", "ring"), "wait for each other: a -> b -> a"),
        (("run", "x"), "no provider of a language model is set up"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_exit_2(home: Path, localagent: Run, words: tuple[str, ...], said: str) -> None:
    ring = phases(
        {"id": "a", "agents": ["worker"], "depends_on": ["b"]}, {"id": "b", "agents": ["worker"], "depends_on": ["a"]}
    )
    furnish(home, {"mine": phases(("one", ["worker"])), "ring": ring})
    done = localagent("workflow", *words)
    assert done.code == 2
    assert said in done.err


def test_the_context_is_given_as_pairs_and_files(home: Path, work: Path, localagent: Run) -> None:
    (work / "given.json").write_text('{"log": "from-file"}', encoding="utf-8")
    furnish(home, {"w": phases(("one", ["worker"]))})
    assert localagent("workflow", "run", "x", "-w", "w", "-c", "given.json", "-c", "depth=3").code == 0
    assert (work / "from-file").read_text() == "one:worker:1\n"
    story = json.loads(localagent("workflow", "show", _newest(localagent), "--json").out)
    assert story["context"] == {"log": "from-file", "depth": 3}


def test_runs_and_executors_are_completed_where_one_is_to_be_named(home: Path, localagent: Run) -> None:
    furnish(home, {"w": phases(("one", ["worker"]))})
    localagent("workflow", "run", "Say it", "-w", "w")
    run_id = _newest(localagent)
    for before, word in (("show", run_id), ("resume", run_id), ("run x --executor", "dask")):
        words = f"localagent workflow {before} ".split(" ")
        asked = {"_LOCALAGENT_COMPLETE": "complete_bash", "_TYPER_COMPLETE_ARGS": " ".join(words)}
        told = localagent(env={**asked, "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)})
        assert word in told.out.split(), (before, told)


def test_a_terminal_sees_how_far_a_run_is(home: Path, work: Path) -> None:
    furnish(home, {"w": phases(("one", ["worker"]), ("two", [worker(sleep=0.5)]))})
    seen = on_terminal([sys.executable, "-m", "localagent_cli", "workflow", "run", "x", "-w", "w"], columns=100)
    assert "running" in seen
    assert "two (1 agents ended)" in seen
    assert "x/two" in seen


def test_ctrl_c_interrupts_a_run_and_says_how_to_go_on(home: Path, work: Path, localagent: Run) -> None:
    log = work / "log"
    furnish(home, {"w": phases(("one", ["worker"]), ("two", [worker(sleep=0.4, key="slow")]))})
    process, run_id = started(home, "run", "x", "-w", "w", "-c", f"log={log}")
    wait_until(lambda: log.is_file() and "two:slow" in log.read_text())
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert process.returncode == 130
    assert f"to go on: localagent workflow resume {run_id}" in said
    assert json.loads(localagent("workflow", "runs", "--json").out)[0]["state"] == "interrupted"
    done = localagent("workflow", "resume", run_id)
    assert (done.code, done.out) == (0, "x/two\n")
    assert log.read_text().split() == ["one:worker:1", "two:slow:1", "two:slow:1"]


def test_a_run_that_another_process_drives_is_left_alone(home: Path, localagent: Run) -> None:
    furnish(home, {"w": phases(("one", [worker(sleep=60)]))})
    process, run_id = started(home, "run", "x", "-w", "w")
    try:
        done = localagent("workflow", "resume", run_id)
        assert (done.code, "another process is driving the run" in done.err) == (5, True)
        assert json.loads(localagent("workflow", "runs", "--json").out)[0]["state"] == "running"
    finally:
        process.kill()
        ended(process)
    assert json.loads(localagent("workflow", "runs", "--json").out)[0]["state"] == "interrupted"


def test_a_step_that_must_not_be_repeated_needs_a_word(home: Path, work: Path, localagent: Run) -> None:
    log = work / "log"
    furnish(home, {"w": phases(("one", [worker(kill=True, key="once", repeatable=False)]))})
    process, run_id = started(home, "run", "x", "-w", "w", "-c", f"log={log}")
    ended(process)
    assert process.returncode == -signal.SIGKILL
    refused = localagent("workflow", "resume", run_id)
    assert (refused.code, "one/once" in refused.err, "--repeat" in refused.err) == (4, True, True)
    assert log.read_text().split() == ["one:once:1"]
    again, _ = started(home, "resume", run_id, "--repeat")
    ended(again)
    assert log.read_text().split() == ["one:once:1", "one:once:1"]


def test_a_run_survives_the_death_of_its_host_at_any_moment(home: Path, work: Path, localagent: Run) -> None:
    _kill_and_go_on(home, work, localagent, points=3)


@pytest.mark.soak
def test_a_run_survives_twenty_deaths_of_its_host(
    home: Path, work: Path, localagent: Run, record_property: Callable[[str, object], None]
) -> None:
    _kill_and_go_on(home, work, localagent, points=20)
    record_property("kills", 20)


def _kill_and_go_on(home: Path, work: Path, localagent: Run, *, points: int) -> None:
    """Kill the host at random moments of a run; the resumed run gives the same, and no finished phase runs twice."""
    agents = [worker(sleep=0.01 * number, key=f"a{number}") for number in range(8)]
    flaky = worker(sleep=0.02, fails=1, retries=1, key="flaky")
    four = [(name, [*agents, flaky]) for name in ("one", "two", "three", "four")]
    furnish(home, {"w": {"phases": [*phases(*four)["phases"], {"id": "whole"}]}})
    began = time.monotonic()
    whole = json.loads(localagent("workflow", "run", "x", "-w", "w", "--json").out)
    took = time.monotonic() - began
    for point in range(points):
        log = work / f"log-{point}"
        process, run_id = started(home, "run", "x", "-w", "w", "-c", f"log={log}")
        time.sleep(random.uniform(0, min(took, 1.2)))  # noqa: S311 - no secret
        process.kill()
        ended(process)
        before = log.read_text().split() if log.is_file() else []
        phases_then = json.loads(localagent("workflow", "show", run_id, "--json").out)["phases"]
        finished = [phase["id"] for phase in phases_then if phase["state"] == "succeeded"]
        done = localagent("workflow", "resume", run_id, "--json")
        assert done.code == 0, done.err
        assert _without_run(json.loads(done.out)) == _without_run(whole)
        after = log.read_text().split()[len(before) :]
        assert not [line for line in after if line.split(":")[0] in finished]


def _without_run(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "run_id"}


def _newest(localagent: Run) -> str:
    run_id: str = json.loads(localagent("workflow", "runs", "--json").out)[0]["run"]
    return run_id


STEPS = """
import asyncio
from pathlib import Path
from localagent import WorkflowPlugin

class Step:
    def __init__(self, config):
        pass

    async def execute(self, task, context):
        Path(context["at"], context["phase"]).touch()
        while not Path(context["at"], f"{context['phase']} may end").exists():
            await asyncio.sleep(0.01)
        return {"result": "old words"}

class Steps(WorkflowPlugin):
    name = "steps"
    version = "1.0"

    def get_workflow_components(self):
        return {"agents": {"step": Step}}
"""


def test_in_development_mode_code_that_is_saved_in_one_phase_runs_in_the_next(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    """A save that cannot be used is told once, and the code before it goes on."""
    file = make_plugin("steps", STEPS, into=home / "dev-plugins") / "plugin.py"
    workflow = phases(*((name, ["step"]) for name in ("one", "two", "three")))
    (home / "config.yaml").write_text(json.dumps({"workflows": {"w": workflow}}))
    (home / "development.yaml").write_text("development: {hot_reload: true}\n")
    process, _ = started(home, "run", "Say it", "-w", "w", "-c", f"at={work}")
    for phase, text in (("one", f"{STEPS}\nx = (\n"), ("two", STEPS.replace("old", "new")), ("three", None)):
        wait_until((work / phase).exists)
        if text is not None:
            file.write_text(text)
        (work / f"{phase} may end").touch()
    told = ended(process)
    assert process.returncode == 0, told
    assert told.count("SyntaxError: '(' was never closed; the code before it goes on") == 1
    assert "new words" in told


STEPPING = "development: {workflow: {enable_step_debugging: true}}\n"
ASKS = "q stops here"


def test_each_phase_waits_until_it_is_told_to_go_on(home: Path) -> None:
    furnish(home, {"w": phases(("one", ["worker"]), ("two", [worker(key="x")]), ("three", ["worker"]))})
    (home / "development.yaml").write_text(STEPPING)
    argv = (sys.executable, "-m", "localagent_cli", "workflow", "run", "Say it", "-w", "w")
    shown, code = talk(argv, (ASKS, "x\n"), (ASKS, "\n"), (ASKS, "c\n"), env={"LOCALAGENT_HOME": str(home)})
    assert code == 0
    parts = ["phase one: is given", '"task": "Say it"', "'x' is none of them", "phase one: succeeded, and gave"]
    parts += ['"result": "Say it/one"', "phase two: is given", "phase two: succeeded", "phase three: succeeded"]
    at = -1
    for part in parts:
        assert part in shown[at + 1 :], shown
        at = shown.index(part, at + 1)
    assert "phase three: is given" not in shown


def test_a_run_that_is_stopped_at_a_phase_can_go_on(home: Path, localagent: Run) -> None:
    furnish(home, {"w": phases(("one", ["worker"]), ("two", ["worker"]))})
    (home / "development.yaml").write_text(STEPPING)
    argv = (sys.executable, "-m", "localagent_cli", "workflow", "run", "Say it", "-w", "w")
    shown, code = talk(argv, (ASKS, "\n"), (ASKS, "q\n"), env={"LOCALAGENT_HOME": str(home)})
    assert code == 1
    assert "error: stopped before the phase 'two'" in shown
    (run,) = json.loads(localagent("workflow", "runs", "--json").out)
    assert run["state"] == "interrupted"
    assert f"fix: localagent workflow resume {run['run']}" in shown
    resumed = localagent("workflow", "resume", run["run"])
    assert (resumed.code, resumed.out) == (0, "Say it/two\n")
    assert "stops only on a terminal" in resumed.err
    assert "phase one" not in resumed.err


def test_an_interrupt_ends_the_waiting(home: Path) -> None:
    furnish(home, {"w": phases(("one", ["worker"]))})
    (home / "development.yaml").write_text(STEPPING)
    argv = (sys.executable, "-m", "localagent_cli", "workflow", "run", "Say it", "-w", "w")
    shown, code = talk(argv, (ASKS, "\x03"), env={"LOCALAGENT_HOME": str(home)})
    assert code == 130
    assert "Traceback" not in shown
    assert "to go on: localagent workflow resume" in shown
