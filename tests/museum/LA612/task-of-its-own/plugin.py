"""Leaves a task when it is cancelled."""

import asyncio

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        watching = asyncio.create_task(asyncio.sleep(60), name="watching")
        await asyncio.sleep(0.01)
        watching.cancel()
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
