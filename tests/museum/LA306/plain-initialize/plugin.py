from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def initialize(self, context):
        return True

    def register_commands(self, app):
        app.command("hello")(print)
