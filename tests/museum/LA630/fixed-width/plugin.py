"""Draws a line that is as long as a usual terminal is wide."""

from rich.segment import Segment

from localagent import UIPlugin


class Line:
    def __rich_console__(self, console, options):
        yield Segment("-" * 80)
        yield Segment.line()


def sight(rows):
    return Line()


class Plugin(UIPlugin):
    name = "specimen"

    def get_ui_components(self):
        return {"sight": sight}
