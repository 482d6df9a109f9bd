"""Streams words without what stands between them."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        for word in request.prompt.split():
            yield word


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
