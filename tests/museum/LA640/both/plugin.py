"""Has a phase and an agent."""

from localagent import WorkflowPlugin


class Look:
    def __init__(self, phase_id, config):
        self.phase_id = phase_id

    async def execute(self, context):
        return {"phase": self.phase_id, "success": True}


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        return {"task": task, "success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"phases": {"look": Look}, "agents": {"look": Agent}}
