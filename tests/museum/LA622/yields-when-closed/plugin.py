"""Has more to say when it is closed."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        try:
            yield request.prompt[:3]
            yield request.prompt[3:]
        except GeneratorExit:
            yield "…"


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
