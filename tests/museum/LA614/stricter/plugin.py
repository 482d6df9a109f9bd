"""Refuses more than its schema does."""

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

    async def validate_config(self):
        return await super().validate_config() and self.config["size"] % 10 == 0

    def register_commands(self, app):
        @app.command("greet")
        def greet() -> None:
            """Greet everybody."""
            print("Hello, everybody")
