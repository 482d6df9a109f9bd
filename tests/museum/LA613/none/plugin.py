"""Has no defaults where a dict is wanted."""

from localagent import CommandPlugin


class Plugin(CommandPlugin):
    name = "specimen"

    def get_config_schema(self):
        return {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "minimum": 1, "default": 10},
                "mode": {"enum": ["plain", "loud"], "default": "plain"},
            },
        }

    def get_default_config(self):
        return None

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
