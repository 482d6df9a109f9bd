"""Workflows whose agents run on a Dask cluster give what they give in one process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions

PLUGIN = """
import asyncio, os, signal, time
from pathlib import Path
from localagent import WorkflowPlugin

class Agent:
    def __init__(self, config):
        self.config = config

class Echo(Agent):
    async def execute(self, task, context):
        return {"said": task, "key": context["idempotency_key"].partition(":")[2], "evidence": [{"line": 1}]}

class Raising(Agent):
    async def execute(self, task, context):
        raise ValueError(f"no luck at {context['attempt']}")

class Flaky(Agent):
    async def execute(self, task, context):
        if context["attempt"] < 3:
            raise RuntimeError("not yet")
        return {"attempt": context["attempt"]}

class Late(Agent):
    async def execute(self, task, context):
        await asyncio.sleep(60)

class Deaf(Agent):
    async def execute(self, task, context):
        time.sleep(60)

class Shy(Agent):
    async def execute(self, task, context):
        return 7

class Refusing(Agent):
    async def execute(self, task, context):
        return {"success": False, "error": "rather not"}

class Asking(Agent):
    async def execute(self, task, context):
        answer = await context["complete"]("Say hello")
        return {"answer": answer.text}

class Counting(Agent):
    async def execute(self, task, context):
        results = context["results"]["work"]["results"]
        return {"good": sum(result["success"] for result in results), "of": len(results)}

class Killing(Agent):
    async def execute(self, task, context):
        await asyncio.sleep(0.3)
        marker, key = Path(self.config["killed"]), context["idempotency_key"].partition(":")[2]
        if not marker.exists():
            marker.write_text(key)
            os.kill(os.getpid(), signal.SIGKILL)
        return {"key": key}

class Napping(Agent):
    async def execute(self, task, context):
        await asyncio.sleep(0.5)
        return {"rested": True}

class Parts(WorkflowPlugin):
    name = "parts"
    version = "1.2.0"
    description = "Agents for tests."

    def get_workflow_components(self):
        return {"agents": {agent.__name__.lower(): agent for agent in Agent.__subclasses__()}}
"""

EVERYTHING = """
plugins: {parts: {enabled: true}}
budgets: {grace: 0.2}
providers: {default: scripted, scripted: {file: ANSWERS}}
workflows:
  everything:
    phases:
      - id: work
        failure: continue
        agents:
          - echo
          - echo
          - {agent: raising, retries: 2}
          - {agent: flaky, retries: 2}
          - {agent: late, deadline: 0.2, retries: 1}
          - {agent: deaf, deadline: 0.2}
          - shy
          - asking
          - asking
          - asking
          - {agent: refusing, retries: 1}
      - id: count
        agents: [counting]
"""


def home_with(folder: Path, config: str) -> Path:
    (folder / "plugins" / "parts").mkdir(parents=True)
    (folder / "plugins" / "parts" / "plugin.py").write_text(PLUGIN)
    (folder / "config.yaml").write_text(config)
    return folder


def run(home: Path, workflow: str, executor: str) -> tuple[dict[str, Any], list[Any]]:
    """The result, and of each attempt its agent, number, status and error."""

    async def execute() -> tuple[dict[str, Any], list[Any]]:
        manager = PluginManager(Host.open(HostOptions(home=home)))
        manager.host.loop.adopt()
        workflows = manager.host.workflow_manager
        try:
            result = await workflows.execute_workflow("the task", workflow=workflow, executor=executor)
            with workflows.recorded() as runs:
                record = runs.find(result.pop("run_id"))
                attempts = [
                    (phase.id, each.agent, each.attempt, each.outcome)
                    for phase in runs.phases(record)
                    for each in runs.attempts(record, phase.number)
                ]
        finally:
            await manager.close()
        return result, attempts

    return asyncio.run(execute())


def told(attempts: list[Any]) -> list[Any]:
    return sorted((phase, agent, attempt, outcome.status, outcome.error) for phase, agent, attempt, outcome in attempts)


def test_results_failures_and_retries_are_the_same_on_both_executors(tmp_path: Path) -> None:
    (tmp_path / "answers.txt").write_text("Hello there.")
    home = home_with(tmp_path / "home", EVERYTHING.replace("ANSWERS", str(tmp_path / "answers.txt")))
    here, there = (run(home, "everything", executor) for executor in ("asyncio", "dask"))
    assert there[0] == here[0]
    assert here[0]["phases"]["work"]["succeeded"] == 6
    assert here[0]["result"]["results"][0]["good"] == 6
    assert told(there[1]) == told(here[1])
    assert len(there[1]) == 2 + 3 + 3 + 2 + 1 + 1 + 3 + 2 + 1
    assert {outcome.worker != "" for *_, outcome in there[1]} == {True}


def test_a_workflow_survives_the_kill_of_a_worker(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    napping = "\n".join(f"          - {{agent: napping, key: nap-{number}}}" for number in range(30))
    config = f"""
plugins: {{parts: {{enabled: true}}}}
workflows:
  killing:
    phases:
      - id: work
        agents:
          - {{agent: killing, config: {{killed: {killed}}}}}
{napping}
"""
    home = home_with(tmp_path / "home", config)
    there, attempts = run(home, "killing", "dask")
    lost = [each for each in attempts if each[-1].status == "lost"]
    assert lost
    # Nobody knows what the lost one had done, so the one in its place must be taken for the same.
    assert there["result"]["results"][0]["key"] == killed.read_text() == "work:killing:1"
    assert {attempt for _, _, attempt, _ in attempts} == {1}
    assert len(attempts) == 31 + len(lost)
    assert there == run(home, "killing", "asyncio")[0]
