"""A provider that answers what a test tells it to, or fails as a test tells it to."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from localagent.errors import ConnectionFailed, LocalAgentError, RateLimited
from localagent.plugins.provider import BaseProvider, CompletionResponse, StreamChunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from localagent.plugins.provider import CompletionRequest
    from localagent.providers.manager import ProviderManager

MODEL = "fake"


def _broken() -> LocalAgentError:
    return ConnectionFailed("the fake breaks the connection", provider=MODEL)


@dataclass(frozen=True, slots=True)
class CutStream:
    """An answer that breaks off.

    Attributes:
        text: what comes before that; nothing of it does where the answer was asked for in one piece.
        error: what it breaks off with.
    """

    text: str
    error: LocalAgentError = field(default_factory=_broken)


Answer = str | CompletionResponse | CutStream | LocalAgentError
"""What a fake answers: a text, a whole response, an answer that breaks off, or an error that it raises at once."""


class FakeProvider(BaseProvider):
    """Gives its answers in turn, and begins again after the last one.

    Args:
        answers: what it answers.
        piece: characters of each streamed piece.
        delay: seconds before each answer, and before each streamed piece.
        limit: how many requests are answered before each further one is told to come later; None answers all.
        healthy: what it says of its health.
        sleep: how it waits; `FakeClock.sleep` lets the test say when it goes on.
        config: the settings it is given, where a host gives it none.

    Attributes:
        requests: what it was asked, in order.
        open_streams: streamed answers that were begun and neither ended nor closed.
        is_initialised: whether it was initialised, and not cleaned up since.
    """

    def __init__(
        self,
        *answers: Answer,
        piece: int = 4,
        delay: float = 0.0,
        limit: int | None = None,
        healthy: bool = True,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(config or {})
        self.requests: list[CompletionRequest] = []
        self.open_streams = 0
        self.is_initialised = False
        self.answers = list[Answer](answers or ("This is an answer.",))
        self._turns = itertools.count()
        self._piece = piece
        self._delay = delay
        self._limit = limit
        self._healthy = healthy
        self._sleep = sleep

    def offer_to(self, manager: ProviderManager, name: str = MODEL) -> Callable[[], None]:
        """Let the host of `manager` have it as the provider `name`; returns the function that takes it back."""
        from localagent.host.guard import Guard
        from localagent.providers.instances import ProviderOffer

        def instance(_: dict[str, Any]) -> FakeProvider:
            """The one there is, where the host calls a class to make one."""
            return self

        offered = cast("type[BaseProvider]", instance)
        return manager.offer(name, ProviderOffer(offered, {"type": "object"}, Guard(name)), plugin=name)

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Take over the settings."""
        self.config = config
        self.is_initialised = True
        return True

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The next answer, in one piece."""
        answer = self._next(request)
        await self._sleep(self._delay)
        if isinstance(answer, CutStream):
            raise answer.error
        if isinstance(answer, LocalAgentError):
            raise answer
        return _response(answer)

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """The next answer in pieces, the last of which carries the response."""
        answer = self._next(request)
        if isinstance(answer, LocalAgentError):
            await self._sleep(self._delay)
            raise answer
        self.open_streams += 1
        try:
            for piece in self._pieces(_text(answer)):
                await self._sleep(self._delay)
                yield piece
            if isinstance(answer, CutStream):
                raise answer.error
            yield StreamChunk(response=_response(answer))
        finally:
            self.open_streams -= 1

    async def test_connection(self) -> bool:
        """Whether the test says that it is healthy."""
        return self._healthy

    async def count_available_models(self) -> int:
        """One."""
        return 1

    async def cleanup(self) -> None:
        """Remember that it was called."""
        self.is_initialised = False

    def _next(self, request: CompletionRequest) -> Answer:
        self.requests.append(request)
        if self._limit is not None and len(self.requests) > self._limit:
            raise RateLimited(f"the fake answers {self._limit} requests", provider=MODEL, retry_after=1.0)
        return self.answers[next(self._turns) % len(self.answers)]

    def _pieces(self, text: str) -> Iterator[StreamChunk]:
        return (StreamChunk(text[start : start + self._piece]) for start in range(0, len(text), self._piece))


def _text(answer: str | CompletionResponse | CutStream) -> str:
    return answer if isinstance(answer, str) else answer.text


def _response(answer: str | CompletionResponse) -> CompletionResponse:
    if isinstance(answer, CompletionResponse):
        return answer
    return CompletionResponse(answer, model=MODEL, completion_tokens=len(answer.split()))
