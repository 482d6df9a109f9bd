"""Takes --help for itself and says nothing."""

import typer
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet", add_help_option=False)
        def greet(help: bool = typer.Option(False, "--help")) -> None:
            """Greet everybody."""
