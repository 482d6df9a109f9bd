"""Answers with a text where a response is wanted."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return request.prompt


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
