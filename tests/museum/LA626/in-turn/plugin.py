"""Lets one request wait for the other."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.turn = asyncio.Lock()

    async def complete(self, request):
        async with self.turn:
            await asyncio.sleep(0.001)
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
