"""The page on storage shows code that works."""

from __future__ import annotations

from textwrap import indent

from plain import MakePlugin, Run
from walkthrough import ROOT, blocks

PLUGIN = """
from localagent import CommandPlugin

class Guestbook(CommandPlugin):
    name = "guestbook"

{body}

    def register_commands(self, app):
        @app.command("visit")
        def visit():
            "Come once more."
            self.visit()
            print(self.storage.get("visits"), self.storage.get("token"))
"""


def test_what_the_page_keeps_is_there_in_the_next_run(localagent: Run, make_plugin: MakePlugin) -> None:
    (block,) = blocks((ROOT / "docs" / "storage.md").read_text("utf-8"))
    make_plugin("guestbook", PLUGIN.format(body=indent(block.text, "    ")))
    assert localagent("plugins", "enable", "guestbook").code == 0
    assert [localagent("visit").out for _ in range(2)] == ["1 {'value': 'abc'}\n", "2 {'value': 'abc'}\n"]
