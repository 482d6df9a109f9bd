"""The workflow: a language model is asked for the steps to a goal."""

import re
from typing import Any

from localagent import WorkflowPlugin

QUESTION = "Name the steps to this goal, one a line, at most {most}, nothing else.\nGoal: {goal}"
MOST = 7
MARK = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+")
"""What models write before the items of a list."""


def steps_in(answer: str) -> list[str]:
    """The steps that an answer names, one a line."""
    lines = (MARK.sub("", line).strip() for line in answer.splitlines())
    return [line for line in lines if line][:MOST]


class StepFinder:
    """Asks the model for the steps to the goal that is its task."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """The steps; without any it did not succeed."""
        answer = await context["complete"](QUESTION.format(most=MOST, goal=task))
        steps = steps_in(answer.text)
        return {"agent": "step-finder", "task": task, "steps": steps, "success": bool(steps)}


class TaskPlan:
    """Leads the planning: one phase, in which the model is asked."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """The steps to the goal that is the task."""
        asked = await context["run_phase"]("ask", ["step-finder"], failure="continue")
        steps = [step for result in asked["results"] for step in result.get("steps", ())]
        return {"task": task, "steps": steps, "success": asked["success"]}


class TaskDeskWorkflowPlugin(WorkflowPlugin):
    """Adds the orchestrator task-plan and its agent."""

    name = "task-desk-workflow"
    version = "1.0.0"
    description = "Plans with a language model"

    def get_workflow_components(self) -> dict[str, dict[str, Any]]:
        """The parts of the workflow."""
        return {"agents": {"step-finder": StepFinder}, "orchestrators": {"task-plan": TaskPlan}}
