"""Keeps to its own folder, which needs no permission."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    async def initialize(self, context):
        (context.data_dir / "greetings").write_text("Hello")
        return True

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
