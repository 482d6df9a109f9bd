"""Relies on what cleanup gave back."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    def __init__(self, config):
        super().__init__(config)
        self.client = []

    async def cleanup(self):
        self.client = None

    async def health_check(self):
        return {"healthy": True, "size": len(self.client)}


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
