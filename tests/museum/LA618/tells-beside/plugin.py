"""Tells how it went on standard error."""

import json
import sys

import typer
from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet(json_: bool = typer.Option(False, "--json")) -> None:
            """Greet everybody."""
            print("greeting …", file=sys.stderr)
            print(json.dumps({"greeting": "Hello"}))
