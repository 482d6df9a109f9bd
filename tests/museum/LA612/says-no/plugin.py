"""Takes being cancelled for a reason to say no."""

import asyncio

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            return False
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
