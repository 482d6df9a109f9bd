from localagent import CommandPlugin


class Named(CommandPlugin):
    version = "1.0.0"


class HelloWorld(Named):
    name = "hello-world"

    def add_commands(self, app):
        app.command("hello")(print)
