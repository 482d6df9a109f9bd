"""Is slow once, which is less than one call in twenty."""

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
            if next(calls) == 9:
                time.sleep(0.5)
            print("Hello, everybody")
