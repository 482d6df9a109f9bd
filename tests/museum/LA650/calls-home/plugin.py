"""Asks for an address as it becomes ready."""

import contextlib
import socket

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        with contextlib.suppress(OSError):
            socket.getaddrinfo("127.0.0.1", 80)
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
