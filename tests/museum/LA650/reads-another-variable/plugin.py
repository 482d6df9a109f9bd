"""Reads a variable more than it says."""

import os

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        self.editor = os.environ.get("EDITOR") or os.getenv("VISUAL")
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
