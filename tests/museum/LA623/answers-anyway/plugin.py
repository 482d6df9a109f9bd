"""Takes being cancelled for an answer."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            pass
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
