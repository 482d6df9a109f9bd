"""Loses the blanks between the words of what a service streams."""

import json
from contextlib import aclosing

from localagent import CompletionResponse, PooledProvider, ProviderPlugin
from localagent.errors import BadResponse


class Provider(PooledProvider):
    async def complete(self, request):
        answer = await self.post_json("/chat/completions", asked(request))
        try:
            return CompletionResponse(answer["choices"][0]["message"]["content"])
        except (KeyError, IndexError, TypeError) as error:
            raise BadResponse("the answer has no text") from error

    async def stream_complete(self, request):
        question = {**asked(request), "stream": True}
        async with aclosing(self.post_for_events("/chat/completions", question, last="[DONE]")) as events:
            async for event in events:
                if event != "[DONE]":
                    yield piece_of(event)

    async def test_connection(self):
        await self.get_json("/models", may_repeat=False)
        return True


def asked(request):
    return {"model": "any", "messages": [{"role": "user", "content": request.prompt}]}


def piece_of(event):
    try:
        return json.loads(event)["choices"][0]["delta"].get("content", "").strip()
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise BadResponse("a piece of the answer has no text") from error


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"properties": {"base_url": {"type": "string", "default": "http://127.0.0.1:9/v1"}}}
