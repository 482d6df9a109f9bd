from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def register_commands(self, app):
        app.command("hello")(print)
