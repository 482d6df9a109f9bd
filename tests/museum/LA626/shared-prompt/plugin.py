"""Keeps the prompt where the next request changes it."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        self.prompt = request.prompt
        await asyncio.sleep(0.05)
        return CompletionResponse(self.prompt)

    async def stream_complete(self, request):
        yield request.prompt


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
