"""Closes its file and removes its folder."""

import tempfile

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    notes = folder = None

    async def initialize(self, context):
        self.notes = open(__file__, encoding="utf-8")
        self.folder = tempfile.TemporaryDirectory()
        return True

    async def cleanup(self):
        if self.notes is not None:
            self.notes.close()
            self.folder.cleanup()

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
