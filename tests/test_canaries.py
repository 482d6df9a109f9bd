"""Three secrets go through whole runs of the command line, and are found nowhere afterwards."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from plain import Finished, MakePlugin, Run

REFERRED, LITERAL, SET = "canary-referred-7f3a", 'canary"literal\\8b1c', "canary-set-5d2e"
CANARIES = (REFERRED, LITERAL, SET)
# Whatever the quoting, this much of each stays the same.
MARKS = ("canary-referred", "literal\\8b1c", "literal\\\\8b1c", "canary-set")

PLUGIN = """
import logging
import os
import sys

from localagent import CommandPlugin

print("importing with", os.environ["CANARY"])
if os.environ.get("LEAK") == "import":
    raise ValueError(os.environ["CANARY"])
if os.environ.get("LEAK") == "exit":
    print(os.environ["CANARY"], file=sys.stderr)
    os._exit(3)


class Leaky(CommandPlugin):
    name = "leaky"
    version = "1.0.0"
    description = "Says what it should not."

    def told(self):
        return " ".join([self.config["token"].reveal(), self.config["api_key"], self.config["password"]])

    async def initialize(self, context):
        self.logger.warning("settings: %s", self.config)
        self.logger.info("kept", secret=self.told())
        logging.getLogger("some.library").error("library: %s", self.told())
        context.storage.set("ready", True)
        if os.environ.get("LEAK") == "initialise":
            raise ValueError(self.told())
        if os.environ.get("LEAK") == "refuse":
            self.logger.error(self.told())
            return False
        return True

    def register_commands(self, app):
        @app.command("leak")
        def leak():
            "Leak."
            try:
                raise RuntimeError(self.told())
            except RuntimeError:
                self.logger.exception("it failed")
                raise
"""
MANIFEST = """
name: leaky
version: 1.0.0
description: Says what it should not.
plugin_types: [command]
entry_points:
  commands:
    - name: leaky
      class: "plugin:Leaky"
permissions:
  env: [CANARY]
"""


@pytest.fixture
def flows(home: Path, make_plugin: MakePlugin, localagent: Run) -> Callable[..., Finished]:
    """Runs commands in a home with a plugin that leaks, with the secrets at their places."""
    make_plugin("leaky", textwrap.dedent(PLUGIN))
    (home / "plugins" / "leaky" / "plugin-manifest.yaml").write_text(MANIFEST.lstrip())
    (home / "config.yaml").write_text(
        f"plugins:\n  leaky:\n    config:\n      token: ${{env:CANARY}}\n      api_key: '{LITERAL}'\n"
    )
    secrets = {"CANARY": REFERRED, "LOCALAGENT_LEAKY_PASSWORD": SET}

    def run(*words: str, **env: str) -> Finished:
        return localagent(*words, env={**secrets, **env})

    return run


def leaks(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


FAILING = (("plugins", "enable", "leaky"), ("leak",), ("--debug", "leak"), ("plugins", "info", "leaky"), ("doctor",))
EVERYTHING = (
    *FAILING,
    ("leak", "--nonsense"),
    ("plugins", "list"),
    ("plugins", "list", "--json"),
    ("plugins", "info", "leaky", "--json"),
    ("config", "show"),
    ("config", "show", "leaky"),
    ("config", "show", "leaky", "--json"),
    ("config", "set", "plugins.leaky.config.size", "3"),
    ("doctor", "--json"),
    ("--help",),
)


@pytest.mark.parametrize(
    ("leak", "commands"),
    [
        ("", EVERYTHING),
        ("import", FAILING),
        ("exit", FAILING),
        ("initialise", FAILING),
        ("refuse", FAILING[:2]),
    ],
    ids=["command", "import", "exit", "initialise", "refuse"],
)
def test_no_secret_is_found_in_what_was_written(
    flows: Callable[..., Finished], home: Path, leak: str, commands: tuple[tuple[str, ...], ...]
) -> None:
    runs = [flows(*words, LEAK=leak, LOCALAGENT_LOG_LEVEL="DEBUG") for words in commands]
    for done in runs:
        assert not leaks(done.text), done
    said = "".join(done.text for done in runs)
    assert "***" in said
    (home / "config.yaml").unlink()
    for file in home.rglob("*"):
        if file.is_file() and file.parent.name != "leaky":
            content = file.read_text(encoding="utf-8", errors="replace")
            assert not leaks(content), (file, content[:2000])
    assert (home / "logs" / "leaky.log").read_text(encoding="utf-8").startswith("importing with ***")
    if leak not in ("import", "exit"):
        lines = (home / "logs" / "localagent.jsonl").read_text(encoding="utf-8")
        assert '"secret":"*** *** ***"' in lines.replace('": ', '":')


def test_a_broken_configuration_is_told_without_its_secrets(flows: Callable[..., Finished], home: Path) -> None:
    with (home / "config.yaml").open("a") as file:
        file.write(f"broken: [\n  api_key: '{LITERAL}'\n")
    for words in (("plugins", "list"), ("config", "show"), ("doctor",), ("--debug", "plugins", "list")):
        done = flows(*words)
        assert not leaks(done.text), done
