"""Puts data into a table as they are, though Rich reads markup there."""

from rich.console import Group
from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    return Group(*(Text.from_markup(row["name"]) for row in rows))


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
