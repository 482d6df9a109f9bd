"""Lets only one of its kind work."""

import asyncio

from localagent import WorkflowPlugin


class Agent:
    is_busy = False

    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        while Agent.is_busy:
            await asyncio.sleep(0.01)
        Agent.is_busy = True
        try:
            await asyncio.sleep(0.2)
        finally:
            Agent.is_busy = False
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
