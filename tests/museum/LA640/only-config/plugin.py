"""Does not take the name of its phase."""

from localagent import WorkflowPlugin


class Look:
    def __init__(self, config):
        self.config = config

    async def execute(self, context):
        return {"success": True}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"phases": {"look": Look}}
