"""Takes long the first time only, as all does on a machine that pauses; afterwards it is too quick to tell."""

import time

from localagent import WorkflowPlugin


class Agent:
    pause = 0.1

    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        time.sleep(Agent.pause)
        Agent.pause = 0.01
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
