"""Gives what its agents gave."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        return {"success": True}


class Lead:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        done = await context["run_phase"]("look", ["look"])
        return done["results"]


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}, "orchestrators": {"lead": Lead}}
