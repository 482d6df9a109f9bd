"""Passes over words that it does not know."""

from typer.core import TyperCommand
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        class Lenient(TyperCommand):
            def parse_args(self, ctx, args):
                return super().parse_args(ctx, [word for word in args if word == "--help"])

        @app.command("greet", cls=Lenient)
        def greet() -> None:
            """Greet everybody."""
