"""Gives back what it took so far."""

import asyncio

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    notes = None

    async def initialize(self, context):
        self.notes = []
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.notes = None
            raise
        return True

    async def cleanup(self):
        if self.notes is not None:
            self.notes.clear()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
