"""Never opens the door again when a stream is left."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.is_busy = False

    async def complete(self, request):
        if self.is_busy:
            raise RuntimeError("a stream is open")
        return CompletionResponse(request.prompt)

    async def stream_complete(self, request):
        self.is_busy = True
        for letter in request.prompt:
            yield letter
        self.is_busy = False


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
