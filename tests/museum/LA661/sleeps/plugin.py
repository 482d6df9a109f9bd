"""Does its work while it is imported."""

import time

from localagent import CommandPlugin

time.sleep(0.3)


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
