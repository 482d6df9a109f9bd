"""Looks for what no phase before it gave."""

from localagent import WorkflowPlugin


class Look:
    def __init__(self, phase_id, config):
        self.phase_id = phase_id

    async def execute(self, context):
        return {"plan": context["results"]["plan"]}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"phases": {"look": Look}}
