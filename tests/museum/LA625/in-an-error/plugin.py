"""Says which key was refused."""

from localagent import BaseProvider, CompletionResponse, ProviderError, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        if "api_key" in self.config:
            raise ProviderError(f"the key {self.config['api_key']} was refused")
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"api_key": {"type": "string"}}}
