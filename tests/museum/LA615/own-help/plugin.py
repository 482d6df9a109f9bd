"""Says more than its docstring."""

import typer
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        def tell(shown: bool) -> None:
            if shown:
                print("Greets everybody, and means it.")
                raise typer.Exit

        @app.command("greet", add_help_option=False)
        def greet(
            help: bool = typer.Option(False, "--help", is_eager=True, callback=tell),
        ) -> None:
            """Greet everybody."""
