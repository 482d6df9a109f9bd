"""Divides by the number of rows."""

from localagent import UIPlugin


def sight(rows):
    return f"{sum(row['size'] for row in rows) / len(rows):.1f} on average"


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
