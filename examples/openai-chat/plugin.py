"""Answers of any server that has OpenAI's chat completions, under instructions of one's own."""

import json
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from localagent import (
    BadResponse,
    CompletionRequest,
    CompletionResponse,
    PooledProvider,
    ProviderError,
    ProviderPlugin,
    StreamChunk,
)

NAME = "openai-chat"
PATH = "/chat/completions"
LAST = "[DONE]"


@dataclass
class Came:
    """What came of a streamed answer so far; without an end `finish_reason` is empty."""

    pieces: list[str] = field(default_factory=list)
    model: str = ""
    finish_reason: str = ""

    def take(self, event: str) -> str:
        """The text in one event, which may be empty."""
        with understood():
            data: dict[str, Any] = json.loads(event)
            choice: dict[str, Any] = next(iter(data.get("choices") or ()), {})
            self.model = data.get("model") or self.model
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            self.pieces.append((choice.get("delta") or {}).get("content") or "")
        return self.pieces[-1]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)


@contextmanager
def understood() -> Generator[None]:
    """Take what is missing or of another type for an answer that is none of the protocol's."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as problem:
        raise BadResponse(f"the answer is not understood: {problem!r}", provider=NAME, setting="base_url") from problem


class ChatProvider(PooledProvider):
    """Asks the server over connections that are kept, and puts the user's instructions before each question."""

    name = NAME

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The whole answer."""
        data = await self.post_json(PATH, await self.question(request))
        with understood():
            choice = data["choices"][0]
            usage = data.get("usage") or {}
            return CompletionResponse(
                text=choice["message"]["content"],
                model=data.get("model", ""),
                finish_reason=choice.get("finish_reason") or "stop",
                prompt_tokens=usage.get("prompt_tokens"),
                completion_tokens=usage.get("completion_tokens"),
                raw=data,
            )

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[str]:
        """The answer piece by piece; the last piece is empty and carries the response.

        Raises:
            StreamCut: it broke off; what came is in the error's `partial`.
        """
        came = Came()
        asked = {**await self.question(request), "stream": True}
        try:
            async with aclosing(self.post_for_events(PATH, asked, last=LAST)) as events:
                async for event in events:
                    if event != LAST and (piece := came.take(event)):
                        yield piece
            if not came.finish_reason:
                raise BadResponse("the answer has no end", provider=NAME, setting="base_url")
        except ProviderError as problem:
            raise self.cut(problem, came.text) from problem
        yield StreamChunk(response=CompletionResponse(came.text, came.model, finish_reason=came.finish_reason))

    async def question(self, request: CompletionRequest) -> dict[str, Any]:
        """A request in the words of the protocol; what nobody asked for is left to the server."""
        messages = [*request.messages] or [{"role": "user", "content": request.prompt}]
        if instructions := self.config.get("instructions"):
            messages.insert(0, {"role": "system", "content": instructions})
        asked = {
            "model": request.model or self.config.get("model") or (await self.models())[0],
            "messages": messages,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stop": [*request.stop] or None,
        }
        return {key: value for key, value in asked.items() if value is not None}

    async def models(self) -> list[str]:
        """The names of the models that the server offers, at least one.

        Raises:
            BadResponse: it offers none.
        """
        data = await self.get_json("/models", may_repeat=False)
        with understood():
            if names := [str(each["id"]) for each in data["data"]]:
                return names
        raise BadResponse("the server offers no model", provider=NAME, setting="model")

    async def test_connection(self) -> bool:
        """Whether the server answers; raises what keeps it from doing so."""
        return bool(await self.models())

    async def count_available_models(self) -> int:
        """How many models the server offers."""
        return len(await self.models())


class OpenaiChatPlugin(ProviderPlugin):
    """Offers the provider openai-chat."""

    name = NAME
    version = "1.0.0"
    description = "Answers of any server that has OpenAI's chat completions, under instructions of your own"

    def get_provider_class(self) -> type[ChatProvider]:
        """The provider; LocalAgent makes one of it when it is first asked."""
        return ChatProvider

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The schema of the settings below ``providers.openai-chat``."""
        return self.get_config_schema() or {}
