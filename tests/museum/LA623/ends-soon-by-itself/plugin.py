"""Waits for its service although nobody waits for it."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        asked = asyncio.create_task(asyncio.sleep(0.2), name="request")
        await asyncio.shield(asked)
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        yield request.prompt


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
