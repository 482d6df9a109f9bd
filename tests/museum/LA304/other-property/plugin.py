from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    @property
    def name(self) -> str:
        return "hello"

    def register_commands(self, app):
        app.command("hello")(print)
