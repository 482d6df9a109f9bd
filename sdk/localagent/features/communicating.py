"""A plugin that others can send messages to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import PluginError
from localagent.features.enhanced import EnhancedPlugin
from localagent.plugins.messages import MessageType

if TYPE_CHECKING:
    from typing import Any

    from localagent.plugins.context import PluginContext
    from localagent.plugins.messages import PluginMessage


class CommunicatingPlugin(EnhancedPlugin):
    """Answers requests and messages that are sent to it, and hears when workflows start and end.

    Override `process_request` to answer, `process_direct_message` to be told, `prepare_for_workflow` or
    `on_workflow_completed` to take part in workflows.
    """

    async def initialize(self, context: PluginContext) -> bool:
        """Register with the message bus."""
        if not await super().initialize(context):
            return False
        self.message_bus = context.message_bus
        self.message_bus.subscribe("workflow_started", self.on_workflow_started)
        self.message_bus.subscribe("workflow_completed", self.on_workflow_completed)
        self.message_bus.register_direct_handler(self.name, self.handle_direct_message)
        return True

    async def request_from_plugin(self, plugin_name: str, request_data: Any) -> Any:
        """Ask another plugin and wait for its answer, 30 seconds at most.

        Raises:
            MessageError: there is no answer; its subclasses say why.
        """
        return await self.message_bus.request(self.name, plugin_name, request_data)

    async def handle_direct_message(self, message: PluginMessage) -> None:
        """Answer a request with what `process_request` gives; hand anything else to `process_direct_message`."""
        if message.type is not MessageType.REQUEST:
            await self.process_direct_message(message.data)
            return
        # A handler that returns None has not answered, but None may well be the answer here.
        self.message_bus.respond(message, self.name, await self.process_request(message.data))

    async def process_request(self, data: Any) -> Any:
        """The answer to a request.

        Raises:
            PluginError: always, unless overridden; who asked is told.
        """
        raise PluginError("this plugin answers no requests", plugin=self.name, fix="override process_request")

    async def process_direct_message(self, data: Any) -> None:
        """React to a message that needs no answer."""

    async def on_workflow_started(self, message: PluginMessage) -> None:
        """Call `prepare_for_workflow` with what is known of a workflow that starts."""
        self.logger.info("workflow started: %s", message.data.get("workflow_id"))
        await self.prepare_for_workflow(message.data)

    async def prepare_for_workflow(self, workflow_data: Any) -> None:
        """Get ready for a workflow; `workflow_data` is a mapping with the key ``workflow_id``."""

    async def on_workflow_completed(self, message: PluginMessage) -> None:
        """React to the end of a workflow; ``message.data`` is a mapping with the key ``workflow_id``."""
        self.logger.info("workflow completed: %s", message.data.get("workflow_id"))
