"""The providers of one host: who offers them, and answers from the one the user wants or those after it."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from localagent.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    LocalAgentError,
    PluginNotAvailable,
    RateLimited,
)
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import did_you_mean
from localagent.providers.configuration import ProviderSettings
from localagent.providers.instances import Instances, ProviderOffer
from localagent.services.catalogue import Catalogue, Offer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping

    from localagent.plugins.provider import BaseProvider, CompletionRequest, CompletionResponse
    from localagent.providers.instances import Instance
    from localagent.services.secrets import Secrets
    from localagent.services.settings import Settings

HEALTH_WITHIN = 5.0
"""Seconds that each provider gets to say how it is, its start included."""
_OTHERS_MAY_ANSWER = (ConnectionFailed, RateLimited, AuthenticationFailed)
"""What says nothing of the request, so that the next provider may be asked the same."""

_log = logging.getLogger("localagent.providers")


class ProviderSource(Protocol):
    """Where the providers come from that nobody offered yet."""

    def known(self) -> Collection[str]:
        """The names of the plugins that offer a provider, loaded or not."""
        ...

    async def admit(self, name: str) -> None:
        """Wait until the provider of that name may be used."""
        ...

    async def load(self, name: str) -> None:
        """Load the plugin that offers a provider.

        Raises:
            PluginNotAvailable: it cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider is.

    Attributes:
        name: the provider's name.
        healthy: whether it can answer.
        seconds: what it took to find out.
        facts: what the provider says of itself; empty where it could not.
        problem: why it cannot answer; empty where it can, or does not say.
        fix: the way out, where one is known.
    """

    name: str
    healthy: bool
    seconds: float
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    problem: str = ""
    fix: str = ""


class ProviderManager:
    """The providers of one host, each made when it is first asked.

    Args:
        settings: the user's.
        secrets: gives what references to secrets in the settings of providers stand for.
        source: where providers come from that nobody offered yet; None where there are no others.
    """

    def __init__(
        self, settings: Settings, secrets: Callable[[], Secrets], *, source: ProviderSource | None = None
    ) -> None:
        self.settings = ProviderSettings(settings, secrets)
        self._source = source
        self._catalogue = Catalogue[ProviderOffer]("provider")
        self._instances = Instances(self.settings.of)

    @property
    def providers(self) -> Mapping[str, Offer[ProviderOffer]]:
        """The providers of plugins that are loaded, by name."""
        return self._catalogue.offers

    def offer(self, name: str, offer: ProviderOffer, *, plugin: str) -> Callable[[], None]:
        """Add a provider; returns the function that takes it back.

        Raises:
            PluginError: another plugin offers that name already.
        """
        return self._catalogue.offer(name, offer, plugin=plugin)

    def chain(self, provider: str | None = None) -> tuple[str, ...]:
        """The providers to ask, one after the other: the one named here alone, else those of the settings.

        Raises:
            ConfigError: none is named, and none is set up.
        """
        found = (provider,) if provider is not None else self.settings.chain()
        if found:
            return found
        configured = self.settings.configured()
        if configured:
            raise ConfigError(
                f"no provider is named, and none of {', '.join(configured)} is the default",
                fix=f"localagent config set providers.default {configured[0]}",
            )
        raise ConfigError(
            "no provider of a language model is set up",
            fix="localagent providers setup ollama   ('localagent providers list' shows what else there is)",
        )

    async def provider(self, name: str) -> BaseProvider:
        """The instance of a provider; what it raises is not caught here.

        Raises:
            PluginNotAvailable: there is no such provider, or its plugin cannot be had.
            ConfigError: its settings do not hold.
            ProviderError: it says that it cannot do its work.
        """
        return (await self._instance(name)).provider

    async def schema_of(self, name: str) -> dict[str, Any]:
        """The JSON Schema of a provider's settings.

        Raises:
            PluginNotAvailable: as `provider`.
        """
        return (await self._offer(name)).schema

    async def complete(
        self,
        request: CompletionRequest,
        *,
        provider: str | None = None,
        asking: Callable[[str], object] = lambda _: None,
    ) -> CompletionResponse:
        """The whole answer to `request`.

        Args:
            request: what is asked.
            provider: who is to answer; None asks the default, and then the fallbacks as long as none can be reached.
            asking: told the name of each provider that is asked.

        Raises:
            ConfigError: none is set up, or the settings of one do not hold.
            PluginNotAvailable: there is no such provider, or its plugin cannot be had.
            ProviderError: the last one says why it has no answer.
        """
        from localagent.providers.flow import complete

        for attempt in _attempts(self.chain(provider), request):
            asking(attempt.name)
            try:
                return await complete(await self._instance(attempt.name), attempt.request)
            except _OTHERS_MAY_ANSWER as error:
                attempt.pass_on(error)
        raise AssertionError("a chain has at least one provider")  # pragma: no cover - the last attempt raises

    async def stream(
        self,
        request: CompletionRequest,
        *,
        provider: str | None = None,
        asking: Callable[[str], object] = lambda _: None,
    ) -> AsyncGenerator[str]:
        """As `complete`, piece by piece; the last piece is a `StreamChunk` with the response.

        Another provider is asked only as long as no piece came. Close the generator to stop early, as
        `contextlib.aclosing` does.

        Raises:
            StreamCut: the answer broke off; it has the pieces that came.
        """
        from localagent.providers.flow import stream

        for attempt in _attempts(self.chain(provider), request):
            asking(attempt.name)
            try:
                async with aclosing(stream(await self._instance(attempt.name), attempt.request)) as pieces:
                    async for piece in pieces:
                        yield piece
            except _OTHERS_MAY_ANSWER as error:
                attempt.pass_on(error)
            else:
                return

    async def health(self, names: Iterable[str], *, within: float = HEALTH_WITHIN) -> tuple[Health, ...]:
        """How providers are, asked side by side; one that fails, or is late, is not healthy.

        Args:
            names: the providers.
            within: seconds that each of them gets.
        """
        import asyncio

        return tuple(await asyncio.gather(*(self._health_of(name, within) for name in names)))

    async def let_go(self, plugins: Collection[str], *, within: float) -> None:
        """Clean up the providers of plugins that are about to go; each has `within` seconds."""
        if not self._instances.plugins.isdisjoint(plugins):
            await self._instances.let_go(plugins, within=within)

    def take_out(self, plugins: Collection[str]) -> tuple[Instance, ...]:
        """The providers of plugins as they were made, which nobody is given any more; `give_back` cleans them up."""
        return self._instances.take_out(plugins)

    async def _instance(self, name: str) -> Instance:
        if self._source is not None:
            await self._source.admit(name)
        return await self._instances.of(name, await self._offer(name))

    async def _offer(self, name: str) -> ProviderOffer:
        offers = self._catalogue.offers
        if name not in offers and self._source is not None:
            known = self._source.known()
            if name not in known:
                raise _no_provider(name, known)
            await self._source.load(name)
            offers = self._catalogue.offers
        if name not in offers:
            raise _no_provider(name, offers)
        return offers[name].thing

    async def _health_of(self, name: str, within: float) -> Health:
        import asyncio

        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            facts = await asyncio.wait_for(self._facts_of(name), within)
        except LocalAgentError as error:
            return Health(name, healthy=False, seconds=clock() - began, problem=error.message, fix=error.fix or "")
        except TimeoutError:
            problem = f"no answer within {within:g} s"
            return Health(name, healthy=False, seconds=clock() - began, problem=problem)
        is_healthy = bool(facts.get("healthy"))
        problem = "" if is_healthy else str(facts.get("error") or "it says so, without a reason")
        return Health(name, is_healthy, clock() - began, facts, problem, str(facts.get("fix") or ""))

    async def _facts_of(self, name: str) -> dict[str, Any]:
        instance = await self._instance(name)
        facts = await instance.call("health", instance.provider.health_check)
        return dict(facts) if is_mapping(facts) else {"healthy": bool(facts)}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One provider that is asked, and the one after it."""

    name: str
    request: CompletionRequest
    following: str | None

    def pass_on(self, error: LocalAgentError) -> None:
        """Say that the next one is asked; raises `error` where there is none."""
        if self.following is None:
            raise error
        _log.warning("the provider '%s' cannot answer: %s; asking '%s'", self.name, error.message, self.following)


def _attempts(names: tuple[str, ...], request: CompletionRequest) -> Iterator[_Attempt]:
    """Those that may be asked in turn; a model is one of the first provider's, and others have their own."""
    for name, following in zip(names, (*names[1:], None), strict=True):
        yield _Attempt(name, request, following)
        request = dataclasses.replace(request, model=None)


def _no_provider(name: str, known: Iterable[str]) -> PluginNotAvailable:
    fix = did_you_mean(name, known) or "'localagent providers list' shows what there is"
    return PluginNotAvailable(f"there is no provider '{name}'", plugin=name, fix=fix)
