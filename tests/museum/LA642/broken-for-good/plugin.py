"""Stays broken for all once one of them failed."""

from localagent import WorkflowPlugin


class Agent:
    is_broken = False

    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        if Agent.is_broken:
            raise RuntimeError("another agent failed")
        if not isinstance(task, str):
            Agent.is_broken = True
            raise TypeError("the task is no text")
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
