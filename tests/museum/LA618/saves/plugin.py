"""Writes its data into a file, and tells so on standard error."""

import sys
from pathlib import Path

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody, in a file."""
            Path("greeting.txt").write_text("Hello\n", encoding="utf-8")
            print("saved greeting.txt", file=sys.stderr)
