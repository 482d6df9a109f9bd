"""Writes colours into a pipe."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("\x1b[1mHello\x1b[0m, everybody")
