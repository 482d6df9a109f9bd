"""The mock context is a real one that writes down what is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from localagent import CommandPlugin, Plugin
from localagent_testing import Call, PluginTestFramework, RecordingContext


class Quiet(Plugin):
    """Does nothing by itself."""

    name = "quiet"


@pytest.fixture
def context() -> Iterator[RecordingContext]:
    framework = PluginTestFramework(Quiet)
    yield framework.setup_mock_context()
    framework.close()


def test_calls_are_done_and_written_down_in_order(context: RecordingContext) -> None:
    context.storage.set("a", 1, ttl=60)
    assert context.storage.get("a") == 1
    end = context.message_bus.subscribe("news", print)
    end()
    assert context.calls == [
        Call("storage.set", ("a", 1), {"ttl": 60}),
        Call("storage.get", ("a",), {}),
        Call("message_bus.subscribe", ("news", print), {}),
    ]
    assert context.calls_of("storage.get") == (Call("storage.get", ("a",), {}),)


@pytest.mark.parametrize(
    "service", ["config", "lifecycle_manager", "message_bus", "provider_manager", "storage", "ui", "workflows", ""]
)
def test_a_misspelt_attribute_fails(service: str, context: RecordingContext) -> None:
    of: Any = getattr(context, service) if service else context
    with pytest.raises(AttributeError):
        of.subscrbe  # noqa: B018 - looking is what fails


@pytest.mark.asyncio
async def test_tasks_and_questions_are_written_down_too() -> None:
    class Asking(CommandPlugin):
        name = "asking"

        async def initialize(self, context: Any) -> bool:
            context.spawn(self.work())
            return True

        async def work(self) -> int:
            return 1

        def register_commands(self, app: typer.Typer) -> None:
            @app.command("work")
            def work() -> None:
                print(self.context.run(self.work()))  # noqa: T201 - the command's output

    framework = PluginTestFramework(Asking)
    context = (await framework.create_plugin_instance()).context
    assert framework.test_command_execution("work", []).stdout == "1\n"
    assert [call.name for call in context.calls] == ["spawn", "run"]
    await framework.cleanup()


def test_each_context_has_a_home_of_its_own(context: RecordingContext) -> None:
    framework = PluginTestFramework(Quiet)
    first = framework.setup_mock_context(other={"config": {"size": 3}})
    assert first.config_dir != context.config_dir
    assert first.config.plugins["other"]["config"] == {"size": 3}
    assert first.data_dir.is_relative_to(first.config_dir)
    home = first.config_dir
    framework.setup_mock_context()
    assert not home.exists()
