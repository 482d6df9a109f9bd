"""Plain names that tests import: what fixtures give, and the source of a small plugin."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


Run = Callable[..., Finished]
MakePlugin = Callable[..., Path]

GREETER_MANIFEST = """\
name: greeter
version: "1.0.0"
description: Greets everybody
plugin_types: [command]
entry_points:
  commands:
    - name: greeter
      class: "plugin:Greeter"
"""
"""Of a flat plugin: the folder is the package, and ``plugin.py`` holds the class ``Greeter``."""


def command_plugin(name: str, *, initialise: str = "return True", command: str = "print('hello from', who)") -> str:
    """The source of a plugin with one command that is called as the plugin is."""
    return textwrap.dedent(
        f"""
        from localagent import CommandPlugin

        class ThePlugin(CommandPlugin):
            name = "{name}"
            version = "1.2.3"
            description = "A plugin for tests."

            async def initialize(self, context):
                {initialise}

            def register_commands(self, app):
                @app.command("{name}")
                def the_command(who: str = "{name}"):
                    "Greet somebody."
                    {command}
        """
    )
