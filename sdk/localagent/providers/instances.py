"""The one instance of each provider: made when it is first needed, given back once, all through its plugin's guard."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

from localagent.errors import (
    ConfigError,
    ConnectionFailed,
    LocalAgentError,
    PluginFailed,
    ProviderError,
    SystemProblem,
    WrongLoop,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager

    from localagent.plugins.provider import BaseProvider

    T = TypeVar("T")

_MEANT_FOR_THE_USER = (ProviderError, ConfigError, SystemProblem)
"""What a provider raises to say what is wrong outside of it; everything else is its own failure."""

_NO_CONNECTION = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH})
"""What libraries whose errors are no `ConnectionError` say of a server that is not there."""

_log = logging.getLogger("localagent.providers")


class Caller(Protocol):
    """The way into the code of the plugin that offers a provider."""

    @property
    def plugin(self) -> str:
        """Whose code it is."""
        ...

    def call(self, step: str, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function of the plugin's."""
        ...

    async def call_async(
        self, step: str, function: Callable[..., Any], *arguments: Any, limit: float | None = None
    ) -> Any:
        """Call a function of the plugin's, and await what it gives."""
        ...

    def streaming(self) -> AbstractContextManager[None]:
        """Around the part of such a call that gives its result piece by piece."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """A provider class that a plugin offers.

    Attributes:
        provider_class: the class.
        schema: the JSON Schema of its settings.
        caller: the way into the plugin's code.
    """

    provider_class: type[BaseProvider]
    schema: dict[str, Any]
    caller: Caller


@dataclass(frozen=True, slots=True)
class Instance:
    """A provider that was made.

    Attributes:
        name: the provider's name.
        provider: the object.
        caller: the way into its plugin's code.
        loop: the event loop it was initialised on.
    """

    name: str
    provider: BaseProvider
    caller: Caller
    loop: asyncio.AbstractEventLoop

    async def call(self, step: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the provider's, or one that uses it, and await what it gives.

        Raises:
            ProviderError: as the provider raised it; so ConfigError and SystemProblem.
            PluginFailed: it raised anything else, or took too long.
            WrongLoop: this is not the event loop that the provider lives on.
        """
        import asyncio

        if asyncio.get_running_loop() is not self.loop:
            raise WrongLoop(
                f"the provider '{self.name}' lives on another event loop than the caller",
                fix="from synchronous code, call context.run(...) instead of asyncio.run(...)",
            )
        try:
            return await self.caller.call_async(step, function, *arguments)
        except PluginFailed as failure:
            raise outermost(failure, self.name) from failure


class Instances:
    """The instances of one host.

    Args:
        configure: gives a provider's settings by its name and schema.
    """

    def __init__(self, configure: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self._configure = configure
        self._ready: dict[str, Instance] = {}
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()

    async def of(self, name: str, offer: ProviderOffer) -> Instance:
        """The instance of a provider, made and initialised if need be; callers at the same time get the same one.

        Raises:
            ConfigError: its settings do not hold.
            ProviderError: it says that it cannot do its work.
            PluginFailed: it failed, or says without a reason that it is not ready.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        async with self._locks.setdefault(loop, {}).setdefault(name, asyncio.Lock()):
            present = self._ready.get(name)
            if present is not None and present.loop.is_closed():
                # It was made within somebody's asyncio.run, which is over.
                del self._ready[name]
                await _clean_up(present, None)
            if name not in self._ready:
                self._ready[name] = await self._start(name, offer)
        return self._ready[name]

    async def let_go(self, plugins: Collection[str], *, within: float) -> None:
        """Clean up the instances of plugins, side by side; a cleanup that fails is logged, and its instance gone.

        Args:
            plugins: their names.
            within: seconds that each cleanup may take.
        """
        await give_back(self.take_out(plugins), within=within)

    def take_out(self, plugins: Collection[str]) -> tuple[Instance, ...]:
        """The instances of plugins, which are nobody's any more; what is under way with them goes on."""
        leaving = tuple(each for each in self._ready.values() if each.caller.plugin in plugins)
        for each in leaving:
            del self._ready[each.name]
        return leaving

    @property
    def plugins(self) -> frozenset[str]:
        """The plugins that instances are of."""
        return frozenset(each.caller.plugin for each in self._ready.values())

    async def _start(self, name: str, offer: ProviderOffer) -> Instance:
        import asyncio

        caller, config = offer.caller, self._configure(name, offer.schema)
        try:
            provider = caller.call("construct", offer.provider_class, config)
        except PluginFailed as failure:
            raise outermost(failure, name) from failure
        instance = Instance(name, provider, caller, asyncio.get_running_loop())
        is_ready = False
        try:
            is_ready = bool(await instance.call("initialise", provider.initialize, dict(config)))
        finally:
            if not is_ready:
                await _clean_up(instance, None)
        if not is_ready:
            raise PluginFailed(
                f"initialise: the provider '{name}' says that it is not ready",
                plugin=caller.plugin,
                step="initialise",
                fix=f"localagent providers setup {name}",
            )
        return instance


async def give_back(instances: Iterable[Instance], *, within: float | None) -> None:
    """Clean up instances side by side; a cleanup that fails is logged."""
    import asyncio

    await asyncio.gather(*(_clean_up(each, within) for each in instances))


def outermost(failure: PluginFailed, provider: str) -> LocalAgentError:
    """What to tell of a failure: what the provider itself says of the world outside, else that it failed."""
    cause = failure.__cause__
    if isinstance(cause, ProviderError):
        cause.name_provider(provider)
    if isinstance(cause, _MEANT_FOR_THE_USER):
        return cause
    if isinstance(cause, OSError) and (isinstance(cause, ConnectionError) or cause.errno in _NO_CONNECTION):
        return ConnectionFailed(failure.message, provider=provider)
    return failure


async def _clean_up(instance: Instance, within: float | None) -> None:
    try:
        await instance.caller.call_async("cleanup", instance.provider.cleanup, limit=within)
    except PluginFailed as failure:
        _log.warning("%s: the provider '%s': %s", failure.place, instance.name, failure.message)
