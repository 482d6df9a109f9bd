from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
