"""Has its agents run side by side."""

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
        done = await context["run_phase"]("look", ["look", "look"])
        return {"success": done["success"]}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}, "orchestrators": {"lead": Lead}}
