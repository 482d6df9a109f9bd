"""Makes a temporary folder and leaves it."""

import tempfile

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        self.folder = tempfile.mkdtemp(prefix="specimen-")
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
