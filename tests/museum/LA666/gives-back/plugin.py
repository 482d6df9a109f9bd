"""Has the same buffer, and gives it back."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"
    buffer = b""

    async def initialize(self, context):
        self.buffer = bytearray(b"1" * 1_000_000)
        return True

    async def cleanup(self):
        self.buffer = b""

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
