"""The contract of a provider: requests in, completions out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from localagent.errors import LocalAgentError, StreamCut

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping

INCOMPLETE = "incomplete"
"""The finish reason of an answer that broke off."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is asked of a model: a prompt or messages, and how to answer.

    Attributes:
        prompt: the text to complete; empty where `messages` are given.
        messages: chat messages, each ``{"role": …, "content": …}``.
        model: the model's name; None leaves the choice to the provider.
        temperature: None leaves it to the provider.
        max_tokens: the longest answer, in tokens.
        stop: texts at which the answer ends.
        tools: tools the model may call, as JSON Schema functions.
        schema: a JSON Schema the answer must fit.
        metadata: anything; passed through.
    """

    prompt: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The request as a fresh dict of JSON values."""
        told = asdict(self)
        return told | {key: list(told[key]) for key in ("messages", "stop", "tools")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A request from a dict such as `to_dict` gives; unknown keys are ignored, and `stop` may be a single text."""
        known: dict[str, Any] = {item.name: data[item.name] for item in fields(cls) if item.name in data}
        if isinstance(known.get("stop"), str):
            known["stop"] = [known["stop"]]
        known |= {key: tuple(known[key]) for key in ("messages", "stop", "tools") if key in known}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class CompletionResponse:
    """What a model answered.

    Attributes:
        text: the answer.
        model: the model that gave it.
        finish_reason: why it ended: ``stop``, ``length``, ``tool_calls`` …
        prompt_tokens: tokens read, None where the provider does not count.
        completion_tokens: tokens written, None where the provider does not count.
        latency: seconds from request to end of answer.
        raw: the provider's own answer.
        incomplete: whether it broke off, so that `text` is only what came before.
    """

    text: str = ""
    model: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency: float | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    incomplete: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The response as a fresh dict of JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A response from a dict such as `to_dict` gives; unknown keys are ignored."""
        return cls(**{item.name: data[item.name] for item in fields(cls) if item.name in data})


class StreamChunk(str):
    """A piece of an answer; the last one carries the response.

    Attributes:
        response: the whole answer, on the last piece; None on the others.
    """

    __slots__ = ("response",)

    response: CompletionResponse | None

    def __new__(cls, text: str = "", *, response: CompletionResponse | None = None) -> Self:
        """A piece with this text, which may be empty where it carries the response."""
        chunk = super().__new__(cls, text)
        chunk.response = response
        return chunk


async def gather(stream: AsyncIterable[str]) -> CompletionResponse:
    """The whole of a streamed answer; of one that broke off what came, and why under ``raw["error"]``.

    Args:
        stream: the pieces, as `BaseProvider.stream_complete` and the provider manager's `stream` give them.

    Raises:
        ProviderError: there is no answer at all.
    """
    told: list[str] = []
    response: CompletionResponse | None = None
    try:
        async for piece in stream:
            told.append(piece)
            response = (isinstance(piece, StreamChunk) and piece.response) or response
    except StreamCut as cut:
        text = cut.partial or "".join(told)
        return CompletionResponse(text, finish_reason=INCOMPLETE, raw={"error": cut.message}, incomplete=True)
    return response or CompletionResponse("".join(told))


def unhealthy(error: LocalAgentError) -> dict[str, Any]:
    """What a health check tells of an error: ``{"healthy": False, "error": str, "fix": str}``."""
    return {"healthy": False, "error": error.message, "fix": error.fix or ""}


class BaseProvider(ABC):
    """Completions of one service; the host makes one instance of it and gives it the provider's settings.

    Attributes:
        config: the settings given at construction, as a plain dict.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config: dict[str, Any] = dict(config)

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Open what the provider needs; False or an exception means "not ready"."""
        return True

    @abstractmethod
    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The whole answer to `request`."""

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """The answer to `request` piece by piece; by default in one piece."""
        yield (await self.complete(request)).text

    async def health_check(self) -> dict[str, Any]:
        """``{"healthy": bool}`` and what else the provider knows, as a fresh dict.

        It is asked when something is wrong, so it raises nothing: where the provider cannot answer, ``error`` says why
        and ``fix`` what to do.
        """
        try:
            return {"healthy": await self.test_connection()}
        except LocalAgentError as error:
            return unhealthy(error)

    async def test_connection(self) -> bool:
        """Whether the service answers; by default assumed."""
        return True

    async def count_available_models(self) -> int:
        """How many models the service offers; 0 where it does not say."""
        return 0

    async def cleanup(self) -> None:  # noqa: B027 - nothing to give back is the usual case
        """Give back what `initialize` opened."""
