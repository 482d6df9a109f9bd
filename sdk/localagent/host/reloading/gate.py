"""Who must wait while plugins are reloaded: everybody but what these plugins themselves have under way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from localagent.host.belonging import running
from localagent.services.bus.travel import rehearsing, under_way, waiting_after

if TYPE_CHECKING:
    from collections.abc import Collection

    from localagent.host.host import Host


class Gate:
    """Holds up commands, messages and requests for providers on their way to plugins."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._names: frozenset[str] = frozenset()
        self._is_open = asyncio.Event()
        self._is_open.set()

    def close(self, names: Collection[str]) -> None:
        """Let nothing new reach these plugins."""
        self._names = frozenset(names)
        self._is_open.clear()
        if self._host.has_message_bus:
            self._host.message_bus.hold(self._passes)

    def open(self) -> None:
        """Let everything go on."""
        self._names = frozenset()
        self._is_open.set()
        if self._host.has_message_bus:
            self._host.message_bus.release()

    def holds(self, name: str) -> bool:
        """Whether the caller must wait before it uses a plugin, or is to be heard by the life to come."""
        return name in self._names and (rehearsing.get() or not self._passes())

    async def admission(self, name: str) -> None:
        """Wait until a plugin may be used; its next life may while it rehearses."""
        while name in self._names and not (rehearsing.get() or self._passes()):
            await self._is_open.wait()

    async def admission_of(self, topic: str) -> None:
        """Wait until those that hear a topic may be told."""
        while self._names and not self._passes() and self._host.message_bus.hears(topic, self._names):
            await self._is_open.wait()

    def _passes(self) -> bool:
        """Whether the caller is what a reload waits for, or a part of it."""
        guard = running.get()
        if guard is not None and guard.plugin in self._names:
            return True
        return not self._names.isdisjoint(waiting_after(under_way.get()))
