"""A provider that is asked, with who is to blame where it does not answer: the provider, or the world outside."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding
from localagent.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    LocalAgentError,
    PluginFailed,
    ProviderError,
    RateLimited,
)
from localagent.plugins.provider import CompletionRequest, CompletionResponse
from localagent.providers.instances import outermost
from localagent_testing.conformance.judging import Broken, Unobserved, place_of, place_of_code
from localagent_testing.conformance.plan import TABLE
from localagent_testing.conformance.scene import Attempt, attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.diagnostics.diagnostic import Place
    from localagent.plugins.provider import BaseProvider
    from localagent_testing.conformance.scene import Scene

ANSWERED_WITHIN = 30.0
"""Seconds that a service may take for one answer."""

ANSWERS = "LA620"
"""The rule that a provider breaks which gives no answer."""

HELLO = CompletionRequest(prompt="Say hello.", temperature=0.0)
GOODBYE = CompletionRequest(prompt="Say goodbye.", temperature=0.0)

_OFFER = f'; where it is like OpenAI\'s, [{TABLE}] service = "openai-compatible" has a server of ours answer instead'

_NOT_ITS_FAULT = (AuthenticationFailed, ConfigError, ConnectionFailed, RateLimited)
"""What the world outside is to blame for; rules cannot be judged then."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A provider that is ready, on its scene.

    Attributes:
        scene: where its plugin lives.
        provider: the provider.
    """

    scene: Scene
    provider: BaseProvider

    async def call(self, step: str, function: Callable[..., Any], *arguments: Any) -> Attempt:
        """Call code of the provider; whatever it raises is an outcome."""
        return await attempt(self.scene.guard, step, function, *arguments, limit=ANSWERED_WITHIN)

    async def complete(self, request: CompletionRequest = HELLO) -> CompletionResponse:
        """The provider's whole answer.

        Raises:
            Broken: there is none, and that is the provider's fault.
            Unobserved: there is none for reasons of the world outside.
        """
        outcome = await self.call("complete", self.provider.complete, request)
        if outcome.failure is not None:
            raise self.blamed(outcome.failure)
        if not isinstance(outcome.value, CompletionResponse):
            message = f"complete() gave a {type(outcome.value).__name__}"
            raise Broken(Finding(message, self.place("complete"), "return a CompletionResponse"))
        return outcome.value

    async def answer(self, request: CompletionRequest = HELLO) -> str:
        """The text of the provider's whole answer, for rules that begin where there is one.

        Raises:
            Unobserved: there is none.
        """
        try:
            return (await self.complete(request)).text
        except Broken as broken:
            raise Unobserved(f"the provider does not answer: see {ANSWERS}") from broken

    async def pieces(self, request: CompletionRequest = HELLO, *, first: int | None = None) -> list[Any]:
        """What the provider streams, closed after the `first` pieces; None means all of them.

        Raises:
            Broken: as `complete`.
            Unobserved: as `complete`.
        """
        outcome = await self.call("stream", _streamed, self.provider, request, first)
        if outcome.failure is not None:
            raise self.blamed(outcome.failure)
        return list(outcome.value)

    def blamed(self, failure: PluginFailed) -> Broken | Unobserved:
        """Who is to blame for a failure."""
        cause = outermost(failure, failure.plugin or "")
        if isinstance(cause, _NOT_ITS_FAULT):
            return Unobserved(f"the provider cannot be tried here: {cause.message}{_offer(cause)}")
        fix = failure.fix or "raise a ProviderError that says what the service did, or mend the line"
        return Broken(Finding(failure.message, self.place_of(failure), fix))

    def place(self, method: str) -> Place:
        """Where a method of the provider begins."""
        return place_of_code(getattr(type(self.provider), method), self.scene.loaded.spec)

    def place_of(self, failure: PluginFailed) -> Place:
        """Where a failure came up."""
        return place_of(failure, self.scene.loaded.spec)


async def asked_on(scene: Scene) -> Asked:
    """The provider of the plugin on a scene, made and initialised by the host.

    Raises:
        Broken: it cannot be, and that is its fault.
        Unobserved: it cannot be for reasons of the world outside.
    """
    try:
        return Asked(scene, await scene.host.provider_manager.provider(scene.loaded.name))
    except ConfigError as error:
        where = f"set them in pyproject.toml: [{TABLE}] provider = {{…}}"
        raise Unobserved(f"the provider needs settings ({error.message}); {where}") from error
    except ProviderError as error:
        raise Unobserved(f"the provider cannot be tried here: {error.message}{_offer(error)}") from error
    except PluginFailed as failure:
        fix = "let the provider's initialize() return True, or raise a ProviderError that says what is missing"
        raise Broken(Finding(failure.message, place_of(failure, scene.loaded.spec), fix)) from failure


def _offer(error: LocalAgentError) -> str:
    return _OFFER if isinstance(error, ConnectionFailed) else ""


async def _streamed(provider: BaseProvider, request: CompletionRequest, first: int | None) -> list[Any]:
    told: list[Any] = []
    source: Any = provider.stream_complete(request)
    async with aclosing(source) as pieces:
        async for piece in pieces:
            told.append(piece)
            if first is not None and len(told) >= first:
                break
    return told
