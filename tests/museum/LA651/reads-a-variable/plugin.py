"""Reads a variable of the pattern."""

import os

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        os.environ.get("EDITOR")
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
