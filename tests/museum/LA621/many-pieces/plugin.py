"""Streams letter by letter, and an empty piece."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        for letter in request.prompt:
            yield letter
        yield ""


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
