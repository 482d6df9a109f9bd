"""Hands on the words that it does not know."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def register_commands(self, app):
        @app.command("greet", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
        def greet() -> None:
            """Greet everybody."""
