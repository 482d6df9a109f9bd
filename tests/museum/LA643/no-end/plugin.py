"""Takes being cancelled for a result."""

import asyncio

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            return {"success": False}
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
