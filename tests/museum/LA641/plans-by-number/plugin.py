"""Names its agents by number."""

from localagent import WorkflowPlugin


class Look:
    def __init__(self, phase_id, config):
        self.phase_id = phase_id

    def agents(self, context):
        return [1]


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"phases": {"look": Look}, "agents": {"look": Agent}}
