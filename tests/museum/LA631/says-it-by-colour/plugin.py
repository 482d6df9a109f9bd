"""Says what is wrong by nothing but a colour."""

from rich.text import Text

from localagent import UIPlugin


class Lamp:
    def __rich_console__(self, console, options):
        yield Text("" if console.no_color else "failed", style="red")


def sight(rows):
    return Lamp()


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
