"""Forgets to put the answer into its response."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(raw={"answer": request.prompt})

    async def stream_complete(self, request):
        yield ""


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
