from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        print("ready")
        return True

    def register_commands(self, app):
        app.command("hello")(print)
