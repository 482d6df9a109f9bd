from subprocess import run as start

from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def initialize(self, context):
        start(["true"], check=True)
        return True

    def register_commands(self, app):
        app.command("hello")(print)
