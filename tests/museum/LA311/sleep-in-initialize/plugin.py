import time

from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        time.sleep(1)
        return True

    def register_commands(self, app):
        app.command("hello")(print)
