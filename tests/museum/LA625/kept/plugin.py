"""Says which setting is meant."""

from localagent import BaseProvider, CompletionResponse, ProviderError, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        if self.config.get("api_key", "").startswith("sk-canary"):
            raise ProviderError("the key in the setting api_key was refused")
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"api_key": {"type": "string"}}}
