"""The provider ``openai-compatible``: any server that speaks the chat completions of OpenAI's API."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from localagent.errors import ProviderError
from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.provider import StreamChunk, unhealthy
from localagent.providers.answer_objects import bad_answer, checked_object, read_object
from localagent.providers.chat_answer import ChatAnswer
from localagent.providers.pooled import PooledProvider
from localagent.providers.service_settings import settings_schema

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from localagent.plugins.provider import CompletionRequest, CompletionResponse

SCHEMA = settings_schema(
    {"description": "The address that '/chat/completions' is below, such as http://127.0.0.1:8080/v1"},
    timeout=120,
    more={
        "api_key": {"type": "string", "description": "The key, best as a reference: ${env:NAME}"},
        "model": {"type": "string", "description": "The model, where a request names none"},
        "structured_output": {
            "enum": ["json_schema", "json_object"],
            "default": "json_schema",
            "description": "How the server takes a schema; llama-cpp-python's own server wants json_object",
        },
    },
)
_END = "[DONE]"


class OpenAICompatibleProvider(PooledProvider):
    """Asks llama.cpp's server, vLLM, LM Studio and whatever else has ``/chat/completions``.

    `raw` of a response is the server's answer; of a streamed one, the same shape put together from its pieces.
    """

    name: ClassVar[str] = "openai-compatible"

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The whole answer.

        Raises:
            ProviderError: there is none, and why.
        """
        told = await self.post_json("/chat/completions", self._body(request))
        answer = ChatAnswer()
        answer.add(self._checked(checked_object(told, self.service)), "message")
        return answer.response(told)

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[str]:
        """The answer piece by piece, the last one with the response.

        Raises:
            StreamCut: it broke off after some text.
            ProviderError: there is none, and why.
        """
        body = self._body(request) | {"stream": True, "stream_options": {"include_usage": True}}
        answer = ChatAnswer()
        try:
            async with aclosing(self.post_for_events("/chat/completions", body, last=_END)) as events:
                async for data in events:
                    if data == _END:
                        answer.is_over = True
                        continue
                    text = answer.add(self._checked(read_object(data, self.service)))
                    if text:
                        yield StreamChunk(text)
            self._require_end(answer)
        except ProviderError as error:
            raise self.cut(error, answer.text) from error
        yield StreamChunk(response=answer.response())

    async def health_check(self) -> dict[str, Any]:
        """``{"healthy", "models", "open_connections", "pool_size", "closed"}``, ``error`` where no server is there."""
        try:
            found = {"healthy": True, "models": await self.count_available_models()}
        except ProviderError as error:
            found = unhealthy(error)
        return {**found, **self.pool_facts()}

    async def test_connection(self) -> bool:
        """Ask for the models.

        Raises:
            ProviderError: the server does not answer, or refuses.
        """
        await self.count_available_models()
        return True

    async def count_available_models(self) -> int:
        """How many ``/models`` lists; asked once, as the answer is about this moment."""
        told = await self.get_json("/models", may_repeat=False)
        models = told.get("data") if is_mapping(told) else told
        return len(models) if is_list(models) else 0

    def _body(self, request: CompletionRequest) -> dict[str, Any]:
        body = {
            "model": request.model or self.config.get("model"),
            "messages": list(request.messages) or [{"role": "user", "content": request.prompt}],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stop": list(request.stop) or None,
            "tools": [as_function(tool) for tool in request.tools] or None,
            "response_format": self._format_of(request.schema) if request.schema is not None else None,
        }
        return {key: value for key, value in body.items() if value is not None}

    def _format_of(self, schema: dict[str, Any]) -> dict[str, Any]:
        if self.config.get("structured_output") == "json_object":
            return {"type": "json_object", "schema": schema}
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}

    def _checked(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        if not is_list(told.get("choices")):
            raise bad_answer("its answer has no 'choices'", self.service)
        return told

    def _require_end(self, answer: ChatAnswer) -> None:
        if not answer.is_over:
            raise bad_answer("the answer has no end", self.service)


def as_function(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as the API wants it; one that is only its function is wrapped."""
    return tool if "function" in tool or "parameters" not in tool else {"type": "function", "function": tool}
