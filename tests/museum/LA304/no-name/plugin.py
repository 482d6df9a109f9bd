from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    def register_commands(self, app):
        app.command("hello")(print)
