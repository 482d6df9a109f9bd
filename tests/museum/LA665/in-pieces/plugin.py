"""Looks at the same data in pieces."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print(sum(len(bytes([1]) * 10_000_000) for _ in range(6)))
