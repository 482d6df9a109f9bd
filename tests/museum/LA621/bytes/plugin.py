"""Streams bytes."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        yield request.prompt.encode()


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
