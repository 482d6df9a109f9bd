from localagent import CommandPlugin

try:
    from localagent import Nothing
except ImportError:
    Nothing = None


class HelloWorld(CommandPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
