"""The framework: one plugin class, its life, its settings and its commands, with pytest and without."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from localagent import CommandPlugin, ConfigError, Plugin, PluginFailed, UIPlugin
from localagent.errors import UsageError
from localagent_testing import PluginTestFramework

SCHEMA = {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}


class Greeter(CommandPlugin):
    """A plugin as authors write them, with a command of each style."""

    name = "greeter"
    version = "1.2.3"

    def __init__(self) -> None:
        self.events: list[str] = []

    async def initialize(self, context: Any) -> bool:
        self.loop = asyncio.get_running_loop()
        self.events.append("initialised")
        context.message_bus.register_direct_handler(self.name, self.events.append)
        return True

    async def cleanup(self) -> None:
        self.events.append("cleaned up")

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA

    def register_commands(self, app: typer.Typer) -> None:
        @app.command("greet")
        def greet(who: str = "you") -> None:
            asyncio.run(asyncio.sleep(0))
            typer.echo(f"hello {who}, {self.config['size']}")

        @app.command("bow")
        async def bow() -> None:
            await asyncio.sleep(0)
            typer.echo("bowed")

        @app.command("config")
        def config() -> None:
            typer.echo("my own")

        @app.command("stumble")
        def stumble() -> None:
            typer.echo("on the way")
            raise ValueError("a stone")


@pytest.fixture
def framework() -> PluginTestFramework[Greeter]:
    return PluginTestFramework(Greeter)


@pytest.mark.asyncio
async def test_a_whole_life_is_lived_and_leaves_no_instance(framework: PluginTestFramework[Greeter]) -> None:
    assert await framework.test_plugin_lifecycle() is True
    assert framework.plugin_instance is None
    assert framework.mock_context is not None
    assert framework.mock_context.calls_of("message_bus.register_direct_handler")


@pytest.mark.asyncio
async def test_an_instance_is_ready_on_the_running_loop_with_its_settings(
    framework: PluginTestFramework[Greeter],
) -> None:
    plugin = await framework.create_plugin_instance(greeter={"config": {"size": 5}})
    assert framework.plugin_instance is plugin
    assert plugin.context is framework.mock_context
    assert plugin.config == {"size": 5}
    assert plugin.loop is asyncio.get_running_loop()
    second = await framework.create_plugin_instance()
    assert plugin.events == ["initialised", "cleaned up"]
    assert second.config == {"size": 3}
    await framework.cleanup()
    assert second.events == ["initialised", "cleaned up"]


@pytest.mark.asyncio
async def test_any_instance_may_have_the_context(framework: PluginTestFramework[Greeter]) -> None:
    plugin = Greeter()
    assert await plugin.initialize(framework.setup_mock_context()) is True


@pytest.mark.asyncio
async def test_valid_settings_are_taken_and_invalid_ones_refused(framework: PluginTestFramework[Greeter]) -> None:
    await framework.test_configuration_validation({"greeter": {"config": {"size": 5}}}, {"size": "large"})
    assert framework.plugin_instance is not None
    assert framework.plugin_instance.config == {"size": 5}
    with pytest.raises(AssertionError, match=r"accepted \{'size': 7\}: let the schema"):
        await framework.test_configuration_validation({}, {"size": 7})
    await framework.cleanup()


@pytest.mark.asyncio
async def test_settings_that_are_not_valid_keep_the_plugin_from_being_ready(
    framework: PluginTestFramework[Greeter],
) -> None:
    with pytest.raises(PluginFailed, match="size"):
        await framework.create_plugin_instance(greeter={"config": {"size": "large"}})
    assert framework.plugin_instance is None


@pytest.mark.asyncio
async def test_a_class_that_refuses_what_is_valid_is_told() -> None:
    class Strict(Greeter):
        async def validate_config(self) -> bool:
            return False

    with pytest.raises(AssertionError, match=r"refused \{'size': 3\}"):
        await PluginTestFramework(Strict).test_configuration_validation({}, {"size": 7})


def test_settings_must_have_sections_and_be_sayable(framework: PluginTestFramework[Greeter]) -> None:
    with pytest.raises(ConfigError, match="mapping of plugin names"):
        framework.setup_mock_context(size=3)
    with pytest.raises(UsageError, match="cannot be written"):
        framework.setup_mock_context(greeter={"config": {"size": object()}})


@pytest.mark.parametrize(("words", "printed"), [(["greet", "--who", "me"], "hello me, 3\n"), (["bow"], "bowed\n")])
def test_a_command_runs_without_an_instance_before(
    words: list[str], printed: str, framework: PluginTestFramework[Greeter]
) -> None:
    assert framework.test_command_execution(words[0], words[1:]).stdout == printed
    assert framework.plugin_instance is not None
    assert framework.test_command_execution(words[0], words[1:]).stdout == printed
    framework.close()
    assert framework.plugin_instance is None


@pytest.mark.asyncio
@pytest.mark.parametrize("is_created_before", [True, False])
async def test_a_command_runs_within_a_test_that_is_a_coroutine(
    *, is_created_before: bool, framework: PluginTestFramework[Greeter]
) -> None:
    if is_created_before:
        await framework.create_plugin_instance(greeter={"config": {"size": 5}})
    assert f"{5 if is_created_before else 3}\n" in framework.test_command_execution("greet", []).stdout
    assert framework.test_command_execution("bow", []).stdout == "bowed\n"
    await framework.cleanup()


def test_the_context_that_was_set_up_is_used_by_the_command(framework: PluginTestFramework[Greeter]) -> None:
    context = framework.setup_mock_context(greeter={"config": {"size": 8}})
    assert framework.test_command_execution("greet", []).stdout == "hello you, 8\n"
    assert framework.plugin_instance is not None
    assert framework.plugin_instance.context is context


def test_a_command_that_ends_otherwise_is_told_with_what_it_printed(framework: PluginTestFramework[Greeter]) -> None:
    with pytest.raises(AssertionError, match=r"(?s)'stumble' ended with exit code 1, expected 0.*on the way.*a stone"):
        framework.test_command_execution("stumble", [])
    assert "a stone" in framework.test_command_execution("stumble", [], expected_exit_code=1).stderr
    framework.test_command_execution("greet", ["--whom", "me"], 2)
    framework.test_command_execution("dance", [], 2)


def test_a_command_that_is_called_as_a_built_in_one_is_the_plugins_own(
    framework: PluginTestFramework[Greeter],
) -> None:
    assert framework.test_command_execution("config", []).stdout == "my own\n"


@pytest.mark.asyncio
async def test_a_failure_names_the_step_and_has_the_plugins_own_cause() -> None:
    class Broken(Greeter):
        async def initialize(self, context: Any) -> bool:
            raise LookupError("no model")

    with pytest.raises(PluginFailed, match="no model") as failure:
        await PluginTestFramework(Broken).create_plugin_instance()
    assert failure.value.step == "initialise"
    assert isinstance(failure.value.__cause__, LookupError)
    assert str(failure.value.file) == __file__


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [False, None])
async def test_a_plugin_that_says_that_it_is_not_ready_fails(answer: object) -> None:
    class Unready(Plugin):
        name = "unready"

        async def initialize(self, context: Any) -> Any:
            return answer

    with pytest.raises(PluginFailed, match=str(answer)):
        await PluginTestFramework(Unready).test_plugin_lifecycle()


@pytest.mark.asyncio
async def test_a_cleanup_that_fails_is_told() -> None:
    class Untidy(Plugin):
        name = "untidy"

        async def cleanup(self) -> None:
            raise OSError("it is stuck")

    with pytest.raises(PluginFailed, match="it is stuck"):
        await PluginTestFramework(Untidy).test_plugin_lifecycle()


@pytest.mark.asyncio
async def test_a_command_plugin_must_have_commands_and_others_need_none() -> None:
    class Idle(CommandPlugin):
        name = "idle"

        def register_commands(self, app: typer.Typer) -> None:
            pass

    class Drawing(UIPlugin):
        name = "drawing"

        def get_ui_components(self) -> dict[str, Any]:
            return {"box": str}

    with pytest.raises(AssertionError, match="'idle' registered no command"):
        await PluginTestFramework(Idle).test_plugin_lifecycle()
    assert await PluginTestFramework(Drawing).test_plugin_lifecycle()


def test_a_framework_that_nobody_cleaned_up_leaves_nothing() -> None:
    handlers = logging.root.handlers[:]
    framework = PluginTestFramework(Greeter)
    home = framework.setup_mock_context().config_dir
    framework.test_command_execution("greet", [])
    del framework
    gc.collect()
    assert not home.exists()
    assert logging.root.handlers == handlers


def test_a_manifest_beside_the_class_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = """
name: secretive
version: "1.0.0"
description: Wants a key
plugin_types: [command]
entry_points: {commands: [{name: secretive, class: "secretive_plugin:Secretive"}]}
configuration: {required_settings: [api_key]}
"""
    (tmp_path / "plugin-manifest.yaml").write_text(manifest)
    (tmp_path / "secretive_plugin.py").write_text(
        "from localagent import Plugin\nclass Secretive(Plugin):\n    name = 'secretive'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from secretive_plugin import Secretive  # type: ignore[import-not-found] # written just now

    framework = PluginTestFramework[Any](Secretive)
    with pytest.raises(PluginFailed, match="required settings are missing: api_key"):
        asyncio.run(framework.create_plugin_instance())
    asyncio.run(framework.create_plugin_instance(secretive={"config": {"api_key": "canary"}}))
    framework.close()


SCRIPT = """
import asyncio, sys
from localagent_testing import PluginTestFramework
from app.cli.plugins.framework import CommandPlugin

class Alone(CommandPlugin):
    name = "alone"
    def register_commands(self, app):
        @app.command("say")
        def say(): print("said")

framework = PluginTestFramework(Alone)
print(asyncio.run(framework.test_plugin_lifecycle()))
print(framework.test_command_execution("say", []).stdout)
print("pytest" in sys.modules)
"""


@pytest.mark.parametrize("is_typed", [True, False])
def test_a_script_may_use_it_without_pytest(*, is_typed: bool, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-" if is_typed else "script.py"],
        input=SCRIPT,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True\nsaid\n\nFalse\n", "")
