"""Raises where it should say what is wrong."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def health_check(self):
        raise ConnectionError("nobody listens at port 80")


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
