"""Starts a server and forgets it."""

import os

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        self.server = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
