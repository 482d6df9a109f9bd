"""Has a default that the schema does not have."""

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
        return {**super().get_default_config(), "size": 20}

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
