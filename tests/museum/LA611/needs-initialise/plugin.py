"""Relies on what initialize sets."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        self.notes = []
        return True

    async def cleanup(self):
        self.notes.clear()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
