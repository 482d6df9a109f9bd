"""Is not well, and says so."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def health_check(self):
        return {"healthy": False, "error": "the model is not loaded"}


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
