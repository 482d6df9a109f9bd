from localagent import CommandPlugin, RetryableEror


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
