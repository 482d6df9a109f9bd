"""Shows its settings where an object shows itself."""

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        return CompletionResponse(request.prompt)

    def __repr__(self):
        return f"Provider({self.config})"


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"api_key": {"type": "string"}}}
