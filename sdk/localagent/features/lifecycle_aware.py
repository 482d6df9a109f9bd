"""A plugin that is told when plugins become ready and when they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.features.enhanced import EnhancedPlugin
from localagent.plugins.stages import PluginLifecycleStage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.plugins.context import PluginContext


class LifecycleAwarePlugin(EnhancedPlugin):
    """Has a method for each of the two moments; they are called for every plugin, itself included."""

    async def initialize(self, context: PluginContext) -> bool:
        """Add the two hooks."""
        if not await super().initialize(context):
            return False
        context.lifecycle_manager.add_hook(PluginLifecycleStage.READY, self.on_ready)
        context.lifecycle_manager.add_hook(PluginLifecycleStage.CLEANING_UP, self.on_cleanup)
        return True

    async def on_ready(
        self,
        plugin_name: str,
        from_stage: PluginLifecycleStage,
        to_stage: PluginLifecycleStage,
        context: Mapping[str, Any],
    ) -> None:
        """React to a plugin that can be used from now on; also called when one has run a command."""
        self.logger.info("plugin %s is ready", plugin_name)

    async def on_cleanup(
        self,
        plugin_name: str,
        from_stage: PluginLifecycleStage,
        to_stage: PluginLifecycleStage,
        context: Mapping[str, Any],
    ) -> None:
        """React to a plugin that is about to clean up."""
        self.logger.info("plugin %s is cleaning up", plugin_name)
