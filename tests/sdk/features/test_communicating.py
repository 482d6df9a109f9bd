"""A plugin that others can send messages to."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from localagent import CommunicatingPlugin, Host, PluginMessage, RemoteError

pytestmark = pytest.mark.asyncio


class Counter(CommunicatingPlugin):
    name = "my-plugin"

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def process_request(self, data: Any) -> Any:
        return None if data is None else len(data)

    async def process_direct_message(self, data: Any) -> None:
        self.told.append(data)

    async def prepare_for_workflow(self, workflow_data: Any) -> None:
        self.told.append(workflow_data["workflow_id"])

    async def on_workflow_completed(self, message: PluginMessage) -> None:
        await super().on_workflow_completed(message)
        self.told.append("completed")


@pytest_asyncio.fixture
async def plugin(context: Any) -> Counter:
    made = Counter()
    assert await made.initialize(context)
    return made


@pytest.mark.parametrize(("question", "answer"), [("four", 4), ([1, 2], 2), (None, None)])
async def test_a_request_has_its_answer(plugin: Counter, context: Any, question: Any, answer: Any) -> None:
    assert await context.message_bus.request("other", "my-plugin", question, 5) == answer
    assert plugin.told == []


async def test_a_direct_message_is_told(plugin: Counter, context: Any) -> None:
    await context.message_bus.send_direct("other", "my-plugin", "news")
    assert plugin.told == ["news"]


async def test_workflows_are_heard_of(plugin: Counter, host: Host) -> None:
    for topic in ("workflow_started", "workflow_completed"):
        receipt = await host.message_bus.broadcast("host", topic, {"workflow_id": "w1"})
        assert receipt["delivered"] == 1
    assert plugin.told == ["w1", "completed"]


async def test_another_plugin_is_asked(plugin: Counter, context: Any) -> None:
    context.message_bus.register_direct_handler("other", lambda message: [message.sender, message.data])
    assert await plugin.request_from_plugin("other", "what?") == ["my-plugin", "what?"]


async def test_a_plugin_that_answers_nothing_says_so(host: Host, context: Any) -> None:
    class Silent(CommunicatingPlugin):
        name = "my-plugin"

    plugin = Silent()
    assert await plugin.initialize(context)
    with pytest.raises(RemoteError, match="this plugin answers no requests"):
        await context.message_bus.request("other", "my-plugin", 1, 5)
    await context.message_bus.send_direct("other", "my-plugin", 1)
    assert (await host.message_bus.broadcast("host", "workflow_started", {}))["failed"] == 0


async def test_an_author_may_take_messages_as_they_come(context: Any) -> None:
    class Own(Counter):
        async def handle_direct_message(self, message: PluginMessage) -> Any:
            return ["taken", message.data]

    assert await Own().initialize(context)
    assert await context.message_bus.request("other", "my-plugin", 1, 5) == ["taken", 1]
