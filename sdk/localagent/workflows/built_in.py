"""The workflow that LocalAgent brings along: a model plans, answers, and checks its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.plugins.kinds import WorkflowPlugin
from localagent.version import __version__
from localagent.workflows.definition import Agent, Phase, Workflow

if TYPE_CHECKING:
    from localagent.workflows.definition import Defaults

NAME = "answer"
PLUGIN = "plan-answer-check"
_STEPS = ("plan", "answer", "check")
_APPROVED = "OK"


def built_in(defaults: Defaults) -> Workflow:
    """The workflow; its agents have what the settings say of agents."""
    phases = tuple(
        Phase(
            step,
            _STEPS[:number],
            agents=(Agent(f"localagent-{step}", step, {}, None, {}, *defaults),),
            defaults=defaults,
        )
        for number, step in enumerate(_STEPS)
    )
    return Workflow(NAME, phases, description="Let a model plan, answer and check its answer")


class PlanAnswerCheck(WorkflowPlugin):
    """Offers the agents of that workflow."""

    name = PLUGIN
    version = __version__

    def get_workflow_components(self) -> dict[str, dict[str, Any]]:
        """One agent for each step."""
        return {"agents": {"localagent-plan": Planner, "localagent-answer": Answerer, "localagent-check": Checker}}


class Planner:
    """Says in which steps the task is to be done."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """The plan."""
        return await _ask(context, "plan", f"Plan in a few short steps how to do this task.\n\nTask: {task}")


class Answerer:
    """Does the task as it was planned."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """The answer."""
        plan = _said(context, "plan")
        return await _ask(context, "answer", f"Do this task by the plan.\n\nPlan:\n{plan}\n\nTask: {task}")


class Checker:
    """Looks whether the answer does the task."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """The answer again, with what the check said of it; a check that finds fault is no failure."""
        answer = _said(context, "answer")
        asked = f"Task: {task}\n\nAnswer:\n{answer}\n\nDoes the answer do the task? Say {_APPROVED}, or what is wrong."
        check = await _ask(context, "check", asked)
        approved = check["result"].strip().upper().startswith(_APPROVED)
        return {**check, "task": task, "result": answer, "check": check["result"], "approved": approved}


async def _ask(context: dict[str, Any], step: str, prompt: str) -> dict[str, Any]:
    response = await context["complete"](prompt)
    evidence = {"kind": "completion", "model": response.model, "text": f"{step}: {len(prompt)} characters asked"}
    return {"result": response.text, "evidence": [evidence]}


def _said(context: dict[str, Any], step: str) -> str:
    said: str = context["results"][step]["results"][0]["result"]
    return said
