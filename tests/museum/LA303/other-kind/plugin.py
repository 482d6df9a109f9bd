from localagent import UIPlugin


class HelloWorld(UIPlugin):
    name = "hello-world"

    def register_commands(self, app):
        app.command("hello")(print)
