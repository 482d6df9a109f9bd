"""Nests one renderable in the other for each row."""

from rich.console import Group
from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    content = Text("")
    for row in rows:
        content = Group(content, Text(row["name"]))
    return content


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
