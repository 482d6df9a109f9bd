import asyncio

from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        asyncio.run(self.open())
        return True

    async def open(self):
        pass

    def register_commands(self, app):
        app.command("hello")(print)
