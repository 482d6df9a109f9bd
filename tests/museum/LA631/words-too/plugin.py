"""Says in words what the colour says."""

from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    return Text("failed", style="red")


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
