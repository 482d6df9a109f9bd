"""Takes the columns from a row that need not be there."""

from rich.table import Table
from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    return table


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
