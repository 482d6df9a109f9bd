"""Refuses a second request."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.is_busy = False

    async def complete(self, request):
        if self.is_busy:
            raise RuntimeError("one request at a time")
        self.is_busy = True
        try:
            await asyncio.sleep(0.05)
        finally:
            self.is_busy = False
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
