from localagent import CommandPlugin

VERSION = (1, 2, 0)


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
