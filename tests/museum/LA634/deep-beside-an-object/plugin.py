"""Nests one renderable in the other for each row, beside a component that draws no rows."""

from rich.console import Group
from rich.text import Text

from localagent import UIPlugin


def facts(data):
    return Text(", ".join(data.keys()))


def sight(rows):
    content = Text("")
    for row in rows:
        content = Group(content, Text(row["name"]))
    return content


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"facts": facts, "sight": sight}
