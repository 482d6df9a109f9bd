"""Keeps the buffer of each of its lives."""

import codecs

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        buffer = bytearray(b"1" * 1_000_000)
        codecs.register(lambda _: None if buffer else None)
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
