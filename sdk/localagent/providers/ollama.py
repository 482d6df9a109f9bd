"""The provider ``ollama``: Ollama by its native API."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from localagent.errors import ProviderError
from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.provider import CompletionResponse, StreamChunk, unhealthy
from localagent.providers.answer_objects import bad_answer, checked_object, read_object
from localagent.providers.openai_compatible import as_function
from localagent.providers.pooled import PooledProvider
from localagent.providers.service_settings import settings_schema

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from localagent.plugins.provider import CompletionRequest

BASE_URL = "http://127.0.0.1:11434"
"""Where Ollama listens unless it is told otherwise."""
SCHEMA = settings_schema(
    {"default": BASE_URL, "description": "Where Ollama listens"},
    timeout=300,
    more={
        "api_key": {"type": "string", "description": "For a server behind a proxy that wants one"},
        "model": {"type": "string", "description": "The model, where a request names none; by default the newest"},
    },
)


class OllamaProvider(PooledProvider):
    """Asks Ollama; without any model named, the one it lists first, which was changed last.

    `raw` of a response is Ollama's last word, with the whole message in it.
    """

    name: ClassVar[str] = "ollama"

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__({"base_url": BASE_URL, **config})

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The whole answer.

        Raises:
            ProviderError: there is none, and why.
        """
        answer = _Answer()
        told = await self.post_json("/api/chat", await self._body(request, stream=False))
        answer.add(self._checked(checked_object(told, self.service)))
        return answer.response()

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[str]:
        """The answer piece by piece, the last one with the response.

        Raises:
            StreamCut: it broke off after some text.
            ProviderError: there is none, and why.
        """
        answer = _Answer()
        try:
            body = await self._body(request, stream=True)
            async with aclosing(self.post_for_lines("/api/chat", body)) as lines:
                async for line in lines:
                    text = answer.add(self._checked(read_object(line, self.service)))
                    if text:
                        yield StreamChunk(text)
            if not answer.is_over:
                raise bad_answer("the answer has no end", self.service)
        except ProviderError as error:
            raise self.cut(error, answer.text) from error
        yield StreamChunk(response=answer.response())

    async def health_check(self) -> dict[str, Any]:
        """``{"healthy", "models", "open_connections", "pool_size", "closed"}``, ``error`` where Ollama is not there."""
        try:
            found = {"healthy": True, "models": await self.count_available_models()}
        except ProviderError as error:
            found = unhealthy(error)
        return {**found, **self.pool_facts()}

    async def test_connection(self) -> bool:
        """Ask for the models.

        Raises:
            ProviderError: Ollama does not answer.
        """
        await self.count_available_models()
        return True

    async def count_available_models(self) -> int:
        """How many models were pulled."""
        return len(await self._models())

    async def _models(self) -> list[str]:
        told = await self.get_json("/api/tags", may_repeat=False)
        models = told.get("models") if is_mapping(told) else None
        if not is_list(models):
            raise bad_answer("it lists no models, so it is no Ollama", self.service)
        return [str(model.get("name", "")) for model in models if is_mapping(model)]

    async def _body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        options = {
            "temperature": request.temperature,
            "num_predict": request.max_tokens,
            "stop": list(request.stop) or None,
        }
        body = {
            "model": request.model or self.config.get("model") or await self._first_model(),
            "messages": list(request.messages) or [{"role": "user", "content": request.prompt}],
            "stream": stream,
            "options": {key: value for key, value in options.items() if value is not None},
            "tools": [as_function(tool) for tool in request.tools],
            "format": request.schema,
        }
        return {key: value for key, value in body.items() if value not in (None, {}, [])}

    async def _first_model(self) -> str:
        models = await self._models()
        if not models:
            raise ProviderError(
                f"Ollama at {self.service.url} has no model yet",
                provider=self.name,
                setting="model",
                fix="ollama pull NAME",
            )
        return models[0]

    def _checked(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        if not is_mapping(told.get("message")):
            raise bad_answer("its answer has no 'message'", self.service)
        return told


class _Answer:
    """An answer as it is put together from one line or many."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: list[Any] = []
        self._last: Mapping[str, Any] = {}

    @property
    def text(self) -> str:
        """What came so far."""
        return "".join(self._texts)

    @property
    def is_over(self) -> bool:
        """Whether its end came."""
        return self._last.get("done") is True

    def add(self, told: Mapping[str, Any]) -> str:
        """Take what Ollama tells, and give the text in it; may be empty."""
        self._last = told
        message: dict[str, Any] = told["message"]
        calls, text = message.get("tool_calls"), message.get("content")
        if is_list(calls):
            self._calls += calls
        if not isinstance(text, str) or not text:
            return ""
        self._texts.append(text)
        return text

    def response(self) -> CompletionResponse:
        """The response."""
        last, text = self._last, self.text
        message = {"role": "assistant", "content": text, **({"tool_calls": self._calls} if self._calls else {})}
        return CompletionResponse(
            text,
            model=str(last.get("model", "")),
            finish_reason="tool_calls" if self._calls else str(last.get("done_reason") or "stop"),
            prompt_tokens=_count(last.get("prompt_eval_count")),
            completion_tokens=_count(last.get("eval_count")),
            raw={**last, "message": message},
        )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
