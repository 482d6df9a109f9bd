"""Could not do it, and says so."""

from localagent import WorkflowPlugin


class Look:
    def __init__(self, phase_id, config):
        self.phase_id = phase_id

    async def execute(self, context):
        return {"success": "plan" in context["results"], "error": "there is no plan"}


class Plugin(WorkflowPlugin):
    name = "specimen"

    def get_workflow_components(self):
        return {"phases": {"look": Look}}
