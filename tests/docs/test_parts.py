"""Parts of plugins and of tests that pages show do what they say, once they are put where they belong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from textwrap import indent
from typing import Any

import typer

from localagent import CommandPlugin
from localagent_testing import PluginIntegrationTestSuite, PluginTestFramework
from plain import MakePlugin, Run, command_plugin
from walkthrough import ROOT, blocks

COMMAND = """
import logging
from pathlib import Path
from localagent import CommandPlugin, WorkflowStatus

class ThePlugin(CommandPlugin):
    name = "{name}"

{body}

    def register_commands(self, app):
        app.command("do")(self.do)

    async def do(self):
        "Do it."
        context = self.context
{commands}
"""


def part_of(page: str, within: str) -> str:
    """The one block of Python of a page that has this text in it."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    (found,) = [block.text for block in blocks(text) if block.language == "python" and within in block.text]
    return found


def plugin_with(name: str, *, body: str = "", commands: str) -> str:
    """The source of a plugin with parts of a class, and its command ``do``."""
    return COMMAND.format(name=name, body=indent(body, " " * 4), commands=indent(commands, " " * 8))


def did(localagent: Run, make_plugin: MakePlugin, source: str, name: str = "part", **env: str) -> tuple[str, str]:
    """What the command ``do`` of a plugin prints."""
    make_plugin(name, source)
    assert localagent("plugins", "enable", name).code == 0
    done = localagent("do", env=env)
    assert done.code == 0, done.err
    return done.out, done.err


def test_a_watcher_of_settings_hears_of_a_change(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    change = '(Path(context.config_dir) / "greeter.yaml").write_text("times: 3")\nawait context.config.reload()'
    source = plugin_with("greeter", body=part_of("settings.md", "add_watcher"), commands=change)
    _, told = did(localagent, make_plugin, source, "greeter", LOCALAGENT_LOG_LEVEL="INFO")
    assert "greeter: from now on 3 times" in told


def test_both_ways_to_log_lead_to_one_place(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    source = plugin_with("part", commands=part_of("logging.md", "self.logger.info"))
    _, told = did(localagent, make_plugin, source)
    lines = [json.loads(line) for line in (home / "logs" / "localagent.jsonl").read_text("utf-8").splitlines()]
    assert {(line["event"], line["plugin"]) for line in lines} >= {("fetched 3 pages", "part"), ("slow", "part")}
    assert "part: slow" in told


def test_a_plugin_draws_what_others_offer(localagent: Run, make_plugin: MakePlugin) -> None:
    source = plugin_with("part", commands=part_of("ui.md", "ui.render") + "self.console.print(panel)\n")
    shown, _ = did(localagent, make_plugin, source)
    assert "review" in shown
    assert "ready" in shown


def test_a_plugin_asks_for_answers_and_gathers_pieces(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    (home / "answers.txt").parent.mkdir(parents=True, exist_ok=True)
    (home / "answers.txt").write_text("Hello there.", encoding="utf-8")
    (home / "config.yaml").write_text(json.dumps({"providers": {"scripted": {"file": str(home / "answers.txt")}}}))
    asked = part_of("providers.md", "provider_manager.complete")
    gathered = part_of("providers.md", "gather(")
    commands = f"{asked}print()\nprint(response.text)\n{gathered}print(response.text)\n"
    shown, _ = did(localagent, make_plugin, plugin_with("part", commands=commands))
    assert shown == "Hello there.\n" * 3


class MyPlugin(CommandPlugin):
    """What the page on testing calls so."""

    name = "my-plugin"

    async def initialize(self, context: Any) -> bool:
        context.message_bus.subscribe("user.arrived", print)
        return True

    def register_commands(self, app: typer.Typer) -> None:
        @app.command("hello")
        def hello() -> None:
            "Say hello."


def run_part(part: str, **names: Any) -> None:
    """Run a part of a coroutine, to which these names are known."""
    made: dict[str, Any] = dict(names)
    exec(compile(f"async def it():\n{indent(part, '    ')}", "the part", "exec"), made)  # noqa: S102 - it is our own
    asyncio.run(made["it"]())


def test_the_framework_of_the_page_keeps_what_is_called(home: Path) -> None:
    run_part(part_of("testing.md", "calls_of"), PluginTestFramework=PluginTestFramework, MyPlugin=MyPlugin)


def test_the_suite_of_the_page_runs_two_plugins(make_plugin: MakePlugin, work: Path) -> None:
    for name in ("one", "other"):
        make_plugin(
            name,
            command_plugin(
                name, initialise="context.message_bus.register_direct_handler(self.name, print); return True"
            ).replace(f'command("{name}")', f'command("{"hello" if name == "one" else name}")'),
            into=work / "plugins",
        )
    run_part(
        part_of("testing.md", "PluginIntegrationTestSuite("), PluginIntegrationTestSuite=PluginIntegrationTestSuite
    )
