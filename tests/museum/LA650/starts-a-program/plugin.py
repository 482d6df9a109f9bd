"""Starts a program that nobody was told of."""

import os
import subprocess

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        os.environ.get("EDITOR")
        subprocess.run(["true"], check=True)
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
