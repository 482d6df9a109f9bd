"""Keeps its problems to itself."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.problems = []

    async def execute(self, task, context):
        if not isinstance(task, str):
            self.problems.append("the task is no text")
        return {"success": not self.problems}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
