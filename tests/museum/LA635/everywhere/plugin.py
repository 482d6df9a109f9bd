"""Draws on any console."""

from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    return Text("seen")


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
