from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def add_commands(self, app):
        app.command("hello")(print)
