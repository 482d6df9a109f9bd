"""Writes the line as a text."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        found = [{"file": "a.py", "line": "3"}]
        return {"success": True, "evidence": found}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
