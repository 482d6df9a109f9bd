"""Counts columns that are not there."""

from rich.text import Text

from localagent import UIPlugin


class Names:
    def __init__(self, rows):
        self.rows = rows

    def __rich_console__(self, console, options):
        room = options.max_width - 30
        if room < 0:
            raise ValueError("there is no room")
        for row in self.rows:
            yield Text(row["name"][:room])


def sight(rows):
    return Names(rows)


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
