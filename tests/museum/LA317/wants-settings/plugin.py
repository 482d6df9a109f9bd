from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def __init__(self, config):
        self.config = config

    def register_commands(self, app):
        app.command("hello")(print)
