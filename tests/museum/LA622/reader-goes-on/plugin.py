"""Leaves the task that reads the answer."""

import asyncio

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


async def read(text, pieces):
    for letter in text:
        await pieces.put(letter)


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        pieces = asyncio.Queue(maxsize=1)
        self.reader = asyncio.create_task(read(request.prompt, pieces), name="reader")
        for _ in request.prompt:
            yield await pieces.get()


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
