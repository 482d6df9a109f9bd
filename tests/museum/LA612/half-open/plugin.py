"""Closes what it only half opened."""

import asyncio

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    is_opening = False
    notes = None

    async def initialize(self, context):
        self.is_opening = True
        await asyncio.sleep(0.01)
        self.notes = []
        return True

    async def cleanup(self):
        if self.is_opening:
            self.notes.clear()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
