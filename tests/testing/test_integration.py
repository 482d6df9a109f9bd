"""Plugins together in a whole LocalAgent: loaded, called, sending each other messages, let go."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localagent.errors import NoResponder, PluginFailed, PluginNotAvailable, UsageError
from localagent_testing import PluginIntegrationTestSuite

if TYPE_CHECKING:
    from testing.conftest import Workshop

SENDER = """
from localagent import CommandPlugin

class Sender(CommandPlugin):
    name = "sender"
    dependencies = ["hearer"]

    async def cleanup(self):
        self.is_clean = True

    def register_commands(self, app):
        @app.command("size")
        async def size():
            "Tell the size."
            print("size", await self.message_bus.request(self.name, "hearer", {"n": 1}))
"""
HEARER = """
from localagent import Plugin

class Hearer(Plugin):
    name = "hearer"

    async def initialize(self, context):
        self.heard = []
        context.message_bus.register_direct_handler(self.name, self.hear)
        return True

    def get_config_schema(self):
        return {"properties": {"size": {"type": "integer", "default": 3}}}

    def hear(self, message):
        if message.data == "bad":
            raise ValueError("bad news")
        self.heard.append(message.data)
        return self.config["size"]
"""


@pytest.fixture
def sources(workshop: Workshop) -> tuple[Path, Path]:
    return workshop.write("sender", {"plugin.py": SENDER}), workshop.write("hearer", {"plugin.py": HEARER})


@pytest.mark.asyncio
async def test_plugins_are_loaded_called_and_let_go(sources: tuple[Path, Path], home: Path) -> None:
    suite = PluginIntegrationTestSuite(*sources, config={"hearer": {"config": {"size": 4}}})
    await suite.setup_test_environment()
    assert suite.test_plugins == ["hearer", "sender"]
    cli = suite.localagent_instance
    assert cli is not None
    assert cli.host.home.path != home
    shown = await suite.test_plugin_command_integration("size", expected_output="size 4")
    assert shown is not None
    assert shown.stdout == "size 4\n"
    helped = await suite.test_plugin_command_integration()
    assert helped is not None
    assert "Tell the size." in helped.stdout
    sender: Any = cli.plugin_manager.loaded_plugins["sender"]
    await suite.cleanup_test_environment()
    assert sender.is_clean
    assert not cli.host.home.path.exists()
    assert suite.localagent_instance is None
    assert suite.test_plugins == []
    await suite.cleanup_test_environment()


@pytest.mark.asyncio
async def test_a_command_that_fails_or_prints_otherwise_is_told(sources: tuple[Path, Path]) -> None:
    async with PluginIntegrationTestSuite(*sources) as suite:
        with pytest.raises(AssertionError, match="'size' ended with exit code 0 and printed:\nsize 3"):
            await suite.test_plugin_command_integration("size", expected_output="size 5")
        with pytest.raises(AssertionError, match="exit code 2"):
            await suite.test_plugin_command_integration("weight")


@pytest.mark.asyncio
async def test_one_plugin_sends_another_a_message(sources: tuple[Path, Path]) -> None:
    async with PluginIntegrationTestSuite(*sources) as suite:
        assert suite.localagent_instance is not None
        hearer: Any = suite.localagent_instance.plugin_manager.loaded_plugins["hearer"]
        assert await suite.test_inter_plugin_communication()
        assert await suite.test_inter_plugin_communication("sender", "hearer", {"n": 2})
        assert hearer.heard == [{"test": "data"}, {"n": 2}]
        with pytest.raises(PluginFailed, match="bad news"):
            await suite.test_inter_plugin_communication(message_data="bad")
        with pytest.raises(NoResponder):
            await suite.test_inter_plugin_communication("hearer", "sender")
        with pytest.raises(NoResponder, match="none of hearer, sender answers"):
            await suite.test_inter_plugin_communication("hearer")


@pytest.mark.asyncio
async def test_one_plugin_alone_has_nobody_to_talk_to(
    sources: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sources[1])
    async with PluginIntegrationTestSuite() as suite:
        assert suite.test_plugins == ["hearer"]
        assert not await suite.test_inter_plugin_communication()
        assert await suite.test_plugin_command_integration() is None
        assert await suite.test_plugin_provider_integration() is None


PROVIDER = """
class Echo(localagent.BaseProvider):
    async def complete(self, request):
        said = request.prompt or request.messages[-1]["content"]
        if "nonsense" in said:
            raise localagent.ProviderError("the model has no words")
        return localagent.CompletionResponse(f"done: {said}")
"""


@pytest.mark.asyncio
async def test_a_workflow_runs_with_the_provider_that_is_named(workshop: Workshop) -> None:
    source = workshop.plugin("def get_provider_class(self): return Echo", head=PROVIDER, base="ProviderPlugin")
    async with PluginIntegrationTestSuite(source) as suite:
        result = await suite.test_plugin_provider_integration("greeter", "Tidy up")
        assert result is not None
        assert result["success"] is True
        assert "done: " in str(result["result"])
        with pytest.raises(AssertionError, match=r"'nonsense' failed with the provider 'greeter'.*has no words"):
            await suite.test_plugin_provider_integration("greeter", "nonsense")


@pytest.mark.asyncio
async def test_what_is_no_plugin_or_cannot_be_loaded_is_told(workshop: Workshop) -> None:
    empty = workshop.write("empty", {"keep": ""})
    with pytest.raises(UsageError, match="holds no plugin"):
        await PluginIntegrationTestSuite(empty / "gone").setup_test_environment()
    broken = workshop.plugin(head="import no_such_module")
    suite = PluginIntegrationTestSuite(broken)
    with pytest.raises(PluginNotAvailable, match="no_such_module"):
        async with suite:
            raise AssertionError("it cannot be entered")
    assert suite.localagent_instance is None


def test_without_an_environment_there_is_nothing_to_ask() -> None:
    with pytest.raises(UsageError, match="there is no environment yet"):
        asyncio.run(PluginIntegrationTestSuite().load_test_plugins())
