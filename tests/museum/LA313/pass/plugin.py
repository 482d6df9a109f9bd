from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        try:
            context.storage.set("key", 1)
        except Exception:
            pass
        return True

    def register_commands(self, app):
        app.command("hello")(print)
