"""Hands out the dict that it keeps."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.health = {"healthy": True}

    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def health_check(self):
        return self.health


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
