"""The plugin class: settings in, commands out."""

import typer
from localagent import CommandPlugin, PluginContext

from .analysis import Settings
from .commands.main_commands import ProjectCommands


class ProjectAnalyzerPlugin(CommandPlugin):
    """Adds the commands analyze-project and project-summary."""

    name = "project-analyzer"
    version = "1.0.0"
    description = "Counts a project's files, tells its kind and lists what it depends on"

    settings = Settings()

    async def initialize(self, context: PluginContext) -> bool:
        """Take over the user's settings."""
        self.context = context
        self.console = context.console
        self.settings = Settings.from_config(context.config.plugins[self.name]["config"])
        return True

    def register_commands(self, app: typer.Typer) -> None:
        """Add the commands to LocalAgent's."""
        added = ProjectCommands(self.settings, self.console)
        app.command("analyze-project")(added.analyze_project)
        app.command("project-summary")(added.project_summary)
