"""Runs without being awaited."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    def execute(self, task, context):
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
