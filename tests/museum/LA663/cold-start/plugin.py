"""Loads in the first call what the others only use."""

import time

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"
    words = None

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            if self.words is None:
                time.sleep(0.5)
                self.words = "Hello, everybody"
            print(self.words)
