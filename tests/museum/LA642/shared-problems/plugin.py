"""Keeps the problems of all agents in one list."""

from localagent import WorkflowPlugin


class Agent:
    problems = []

    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        if not isinstance(task, str):
            self.problems.append("the task is no text")
        return {"success": not self.problems}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
