"""Has all data in memory at once, if only for a moment."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print(len(bytes([1]) * 60_000_000))
