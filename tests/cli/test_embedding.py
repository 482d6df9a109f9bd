"""The command line inside another program: in a test, beside a running loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from localagent_cli import LocalAgentCLI
from plain import MakePlugin

WAYS = """
import asyncio
import inspect
from localagent import CommandPlugin

class Plugin(CommandPlugin):
    name = "ways"

    async def initialize(self, context):
        self.loop = asyncio.get_running_loop()
        return True

    def register_commands(self, app):
        @app.command("nested")
        def nested():
            asyncio.run(asyncio.sleep(0))
            print("nested done")

        @app.command("own")
        async def own():
            print("on the host's loop:", asyncio.get_running_loop() is self.loop)

        @app.command("think")
        def think():
            print("answer", self.context.run(self.answer()))

        @app.command("depth")
        def depth():
            print(len(inspect.stack(0)))

    async def answer(self):
        await asyncio.sleep(0)
        return 42
"""


@pytest.fixture
def cli(home: Path, work: Path, make_plugin: MakePlugin) -> LocalAgentCLI:
    make_plugin("ways", WAYS)
    cli = LocalAgentCLI()
    cli.plugin_manager.enable("ways")
    return cli


@pytest.mark.parametrize(
    ("command", "printed"),
    [("nested", "nested done"), ("own", "True"), ("think", "answer 42"), ("ways:think", "answer 42")],
)
def test_a_runner_invokes_plugin_commands(cli: LocalAgentCLI, command: str, printed: str) -> None:
    result = CliRunner().invoke(cli.app, [command])
    assert result.exit_code == 0, result.output
    assert printed in result.stdout


def test_a_command_that_runs_again_is_called_as_the_first_time(cli: LocalAgentCLI) -> None:
    depths = {CliRunner().invoke(cli.app, ["depth"]).stdout for _ in range(3)}
    assert len(depths) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(("command", "printed"), [("nested", "nested done"), ("think", "answer 42")])
async def test_a_runner_works_inside_a_running_loop(cli: LocalAgentCLI, command: str, printed: str) -> None:
    await cli.initialize()
    assert await cli.plugin_manager.load_plugin("ways")
    result = CliRunner().invoke(cli.app, [command])
    assert result.exit_code == 0, result.output
    assert printed in result.stdout
    await cli.cleanup()


@pytest.mark.asyncio
async def test_a_runner_in_a_running_loop_loads_what_is_not_loaded(cli: LocalAgentCLI) -> None:
    await cli.initialize()
    result = CliRunner().invoke(cli.app, ["nested"])
    assert result.exit_code == 0, result.output
    await cli.cleanup()
    assert not cli.plugin_manager.loaded_plugins


@pytest.mark.asyncio
@pytest.mark.parametrize(("command", "printed"), [("nested", "nested done"), ("own", "True"), ("think", "answer 42")])
async def test_invoke_runs_commands_while_the_loop_goes_on(
    cli: LocalAgentCLI, capsys: pytest.CaptureFixture[str], command: str, printed: str
) -> None:
    await cli.initialize()
    assert await cli.invoke([command]) == 0
    assert printed in capsys.readouterr().out
    await cli.cleanup()


def test_run_gives_the_exit_code_and_lets_plugins_go(cli: LocalAgentCLI, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["own"]) == 0
    assert "True" in capsys.readouterr().out
    assert not cli.plugin_manager.loaded_plugins
    assert cli.run(["nonsense"]) == 2


def test_management_commands_work_in_a_runner(cli: LocalAgentCLI) -> None:
    result = CliRunner().invoke(cli.app, ["plugins", "list", "--json"])
    assert result.exit_code == 0
    assert '"ways"' in result.stdout


def test_the_help_page_is_the_same_by_both_ways(cli: LocalAgentCLI, capsys: pytest.CaptureFixture[str]) -> None:
    from localagent_cli.main import main

    assert main(["--help"]) == 0
    assert capsys.readouterr().out == CliRunner().invoke(cli.app, ["--help"]).stdout


@pytest.mark.asyncio
async def test_a_program_in_development_mode_has_what_is_saved_without_asking(
    home: Path, work: Path, make_plugin: MakePlugin, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_plugin("ways", WAYS, into=home / "dev-plugins") / "plugin.py"
    (home / "development.yaml").write_text("development: {plugins: {auto_reload: true}}\n")
    cli = LocalAgentCLI()
    await cli.initialize()
    assert await cli.invoke(["think"]) == 0
    file.write_text(WAYS.replace("return 42", "return 43"))
    async with asyncio.timeout(60):
        while "ways" not in cli.plugin_manager.reloads:  # noqa: ASYNC110 - as for any program that only looks
            await asyncio.sleep(0.01)
    assert await cli.invoke(["think"]) == 0
    assert capsys.readouterr().out == "answer 42\nanswer 43\n"
    await cli.cleanup()
