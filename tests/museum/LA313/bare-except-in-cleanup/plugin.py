from localagent import CommandPlugin


class HelloWorld(CommandPlugin):
    name = "hello-world"

    async def cleanup(self):
        try:
            self.file.close()
        except:  # noqa: E722
            return

    def register_commands(self, app):
        app.command("hello")(print)
