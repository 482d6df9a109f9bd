"""Is quick most of the time."""

import itertools
import time

from localagent import CommandPlugin

calls = itertools.count()


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            if next(calls) % 10 == 9:
                time.sleep(0.3)
            print("Hello, everybody")
