"""Has nothing to give back before it took something."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    notes = None

    async def initialize(self, context):
        self.notes = []
        return True

    async def cleanup(self):
        if self.notes is not None:
            self.notes.clear()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
