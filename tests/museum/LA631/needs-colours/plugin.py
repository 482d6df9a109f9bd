"""Mixes a colour that is not there."""

from rich.text import Text

from localagent import UIPlugin


class Lamp:
    def __rich_console__(self, console, options):
        if console.no_color:
            raise RuntimeError("this terminal has no colours")
        yield Text("failed", style="red")


def sight(rows):
    return Lamp()


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
