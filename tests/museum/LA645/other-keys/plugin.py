"""Says what it saw with keys of its own."""

from localagent import WorkflowPlugin


class Agent:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        found = [{"file": "a.py", "line": 3, "text": "an end", "how_bad": 1.5}, {"url": "https://example.org"}]
        return {"success": True, "evidence": found}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"agents": {"look": Agent}}
