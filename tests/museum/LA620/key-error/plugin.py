"""Looks for what the service did not send."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse({}["choices"])


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
