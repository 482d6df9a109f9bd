"""Goes on to listen for calls."""

import socket

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        self.descriptor = socket.create_server(("127.0.0.1", 0)).detach()
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
