"""Tells how it went between its data."""

import json

import typer
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet(json_: bool = typer.Option(False, "--json")) -> None:
            """Greet everybody."""
            print("greeting …")
            print(json.dumps({"greeting": "Hello"}))
