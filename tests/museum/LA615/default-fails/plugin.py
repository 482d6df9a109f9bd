"""Computes a default that cannot be had."""

import typer
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        def check(shown: bool) -> None:
            if shown:
                raise KeyError("SPECIMEN_HELP")

        @app.command("greet", add_help_option=False)
        def greet(
            help: bool = typer.Option(False, "--help", is_eager=True, callback=check),
        ) -> None:
            """Greet everybody."""
