import asyncio

from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        self.task = asyncio.create_task(self.watch())
        return True

    def register_commands(self, app):
        app.command("hello")(print)
