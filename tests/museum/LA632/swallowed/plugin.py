"""Takes away what looks like markup."""

import re

from rich.console import Group
from rich.text import Text

from localagent import UIPlugin


def sight(rows):
    return Group(*(Text(re.sub(r"\[.*?\]", "", row["name"])) for row in rows))


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
