"""Logs the headers of its requests."""

import logging

from localagent import BaseProvider, CompletionResponse, ProviderPlugin


class Provider(BaseProvider):
    async def complete(self, request):
        logging.getLogger(__name__).debug("Authorization: Bearer %s", self.config.get("api_key"))
        return CompletionResponse(request.prompt)


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"api_key": {"type": "string"}}}
