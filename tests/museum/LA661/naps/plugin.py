"""Takes its time to be imported, within its budget."""

import time

from localagent import CommandPlugin

time.sleep(0.05)


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
