"""Opens the door again however a stream ends."""

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
        try:
            for letter in request.prompt:
                yield letter
        finally:
            self.is_busy = False


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider
