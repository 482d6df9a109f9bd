"""Draws on a terminal only."""

from rich.text import Text

from localagent import UIPlugin


class Sight:
    def __rich_console__(self, console, options):
        if console.is_terminal:
            yield Text("seen")


def sight(rows):
    return Sight()


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
