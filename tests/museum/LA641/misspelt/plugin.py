"""Uses a name that is none."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        return {"success": sucess}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
