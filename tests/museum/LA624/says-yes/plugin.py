"""Says yes where a dict is wanted."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def health_check(self):
        return True


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
