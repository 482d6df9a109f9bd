"""Takes no configuration."""

from localagent import WorkflowPlugin


class Agent:
    async def execute(self, task, context):
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
