"""Messages between plugins: broadcasts, direct messages, requests with a deadline."""

from __future__ import annotations

from localagent.services.bus.bus import PluginMessageBus

__all__ = ["PluginMessageBus"]
