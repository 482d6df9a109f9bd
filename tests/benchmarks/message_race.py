"""One way to carry messages, as a process: ``python message_race.py WAY TIMES``."""

from __future__ import annotations

import asyncio
import functools
import itertools
import sys
from collections.abc import Callable
from typing import Any

HEARERS = 100


def bus_sync(times: int) -> None:
    """Our bus, sync handlers."""
    from localagent.services.bus import PluginMessageBus

    async def main() -> None:
        bus = PluginMessageBus()
        for _ in range(HEARERS):
            bus.subscribe("news", lambda message: None)
        for _ in range(times):
            await bus.broadcast("me", "news", 1)

    asyncio.run(main())


def bus_async(times: int) -> None:
    """Our bus, async handlers that do not wait."""
    from localagent.services.bus import PluginMessageBus

    async def handler(message: object) -> None:
        pass

    async def main() -> None:
        bus = PluginMessageBus()
        for _ in range(HEARERS):
            bus.subscribe("news", handler)
        for _ in range(times):
            await bus.broadcast("me", "news", 1)

    asyncio.run(main())


def pluggy_sync(times: int) -> None:
    """A hook with as many implementations."""
    import pluggy

    class Spec:
        @pluggy.HookspecMarker("race")
        def news(self, message: object) -> None: ...

    class Hearer:
        @pluggy.HookimplMarker("race")
        def news(self, message: object) -> None: ...

    manager = pluggy.PluginManager("race")
    manager.add_hookspecs(Spec)
    for _ in range(HEARERS):
        manager.register(Hearer())
    for _ in range(times):
        manager.hook.news(message=1)


def blinker_sync(times: int) -> None:
    """A signal with as many receivers, held by strong references as ours are."""
    from blinker import Signal

    signal = Signal()
    for _ in range(HEARERS):
        signal.connect(lambda sender, message: None, weak=False)
    for _ in range(times):
        signal.send("me", message=1)


def pyee_sync(times: int) -> None:
    """An emitter with as many listeners."""
    from pyee import EventEmitter

    emitter = EventEmitter()
    for _ in range(HEARERS):
        emitter.on("news", lambda message: None)
    for _ in range(times):
        emitter.emit("news", 1)


def gather_async(times: int) -> None:
    """A task for each handler, gathered."""

    async def handler(message: object) -> None:
        pass

    async def main() -> None:
        for _ in range(times):
            tasks = [asyncio.create_task(handler(1)) for _ in range(HEARERS)]
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())


def pyee_async(times: int) -> None:
    """An emitter that makes a task for each listener, and a turn of the loop for them to end."""
    from pyee.asyncio import AsyncIOEventEmitter

    async def handler(message: object) -> None:
        pass

    async def main() -> None:
        emitter = AsyncIOEventEmitter()
        for _ in range(HEARERS):
            emitter.on("news", functools.partial(handler))
        for _ in range(times):
            emitter.emit("news", 1)
            await emitter.wait_for_complete()

    asyncio.run(main())


def bus_request(times: int) -> None:
    """Our bus, a request with a deadline to an async handler."""
    from localagent.services.bus import PluginMessageBus

    async def handler(message: object) -> int:
        return 1

    async def main() -> None:
        bus = PluginMessageBus()
        bus.register_direct_handler("you", handler)
        for _ in range(times):
            await bus.request("me", "you", 1)

    asyncio.run(main())


def future_request(times: int) -> None:
    """What a request needs at least: a message, a future in a table, the handler as a task, and a deadline."""

    class Message:
        def __init__(self, sender: str, recipient: str, data: Any, number: str) -> None:
            self.sender, self.recipient, self.data, self.number = sender, recipient, data, number

    table: dict[str, asyncio.Future[Any]] = {}
    numbers = itertools.count()

    async def handler(message: Message) -> None:
        table[message.number].set_result(1)

    async def request() -> Any:
        number = f"m{next(numbers)}"
        answer = table[number] = asyncio.get_running_loop().create_future()
        handling = asyncio.create_task(handler(Message("me", "you", 1, number)))
        try:
            return await asyncio.wait_for(answer, 30)
        finally:
            handling.cancel()
            del table[number]

    async def main() -> None:
        for _ in range(times):
            await request()

    asyncio.run(main())


WAYS: dict[str, Callable[[int], None]] = {
    way.__name__: way
    for way in (
        bus_sync,
        bus_async,
        pluggy_sync,
        blinker_sync,
        pyee_sync,
        gather_async,
        pyee_async,
        bus_request,
        future_request,
    )
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](int(sys.argv[2]))
