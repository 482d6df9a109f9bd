import logging

from localagent import CommandPlugin

logging.basicConfig()


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
