"""Plain names that tests import: what fixtures give, and the source of a small plugin."""

from __future__ import annotations

import os
import subprocess
import sys
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


def command_line(work: Path, home: Path | None = None) -> Run:
    """Runs the command line as a process of its own in the folder `work`.

    Args:
        home: LocalAgent's home, where it is not the test's own; no other variable of LocalAgent's leaks in then.
    """

    def surroundings() -> dict[str, str]:
        if home is None:
            return {**os.environ}
        others = {name: value for name, value in os.environ.items() if not name.startswith("LOCALAGENT_")}
        return {**others, "LOCALAGENT_HOME": str(home)}

    def run(*words: str | Path, env: dict[str, str] | None = None, cwd: Path = work, stdin: str = "") -> Finished:
        done = subprocess.run(
            [sys.executable, "-m", "localagent_cli", *map(str, words)],
            cwd=cwd,
            env={**surroundings(), "COLUMNS": "120", **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


def plugin_maker(home: Path) -> MakePlugin:
    """Writes a plugin folder ``plugin.py`` (by default into the home's plugins) and gives its path."""

    def make(name: str, body: str = "", *, into: Path | None = None, **files: str) -> Path:
        folder = (into or home / "plugins") / name
        folder.mkdir(parents=True)
        (folder / "plugin.py").write_text(body or command_plugin(name), encoding="utf-8")
        for file, text in files.items():
            (folder / file.replace("__", ".")).write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return make


ECHO_PROVIDER = """
from app.cli.plugins.framework import ProviderPlugin
from app.llm_providers.base_provider import BaseProvider, CompletionResponse

class EchoProvider(BaseProvider):
    async def initialize(self, config):
        self.word = config.get("word")
        return await self.test_connection()

    async def complete(self, request):
        return CompletionResponse.from_dict({"text": self.word + request.to_dict()["prompt"]})

    async def stream_complete(self, request):
        for piece in (self.word, request.prompt):
            yield piece

class EchoPlugin(ProviderPlugin):
    @property
    def name(self):
        return "echo-provider"

    def get_provider_class(self):
        return EchoProvider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
"""
"""A plugin whose provider answers with its setting and the prompt; imported and written as the guide does."""

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
