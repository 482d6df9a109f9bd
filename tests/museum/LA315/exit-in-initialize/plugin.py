import sys

from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        sys.exit("no key")
        return True

    def register_commands(self, app):
        app.command("hello")(print)
