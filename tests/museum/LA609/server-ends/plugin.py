"""Ends the server that it started."""

import asyncio

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    server = None

    async def initialize(self, context):
        self.server = await asyncio.create_subprocess_exec("/bin/sleep", "60")
        return True

    async def cleanup(self):
        if self.server is not None and self.server.returncode is None:
            self.server.terminate()
            await self.server.wait()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
