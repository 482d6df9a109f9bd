"""Sleeps in a thread of its own."""

import asyncio
import time

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        await asyncio.to_thread(time.sleep, 0.2)
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
