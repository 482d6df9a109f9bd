"""Asks again in the background when it is cancelled."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            self.again = asyncio.create_task(asyncio.sleep(60), name="again")
            raise
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
