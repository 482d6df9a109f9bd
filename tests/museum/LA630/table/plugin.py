"""Leaves widths to Rich."""

from rich.table import Table
from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    table = Table("name", "size")
    for row in rows:
        table.add_row(Text(row["name"]), str(row["size"]))
    return table


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
