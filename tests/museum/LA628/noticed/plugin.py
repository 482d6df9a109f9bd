"""Says that the connection broke."""

import asyncio
import http.client
import json
from urllib.parse import urlsplit

from localagent import BaseProvider, CompletionResponse, ProviderPlugin
from localagent.errors import BadResponse, ConnectionFailed


class Provider(BaseProvider):
    async def complete(self, request):
        text = await asyncio.to_thread(self.read)
        try:
            return CompletionResponse(json.loads(text)["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadResponse("the answer has no text") from error

    def read(self):
        connection = http.client.HTTPConnection(urlsplit(self.config["base_url"]).netloc, timeout=10)
        try:
            connection.request("POST", "/", b"{}")
            with connection.getresponse() as answer:
                return answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionFailed(str(error)) from error
        finally:
            connection.close()


class Plugin(ProviderPlugin):
    name = "specimen"

    def get_provider_class(self):
        return Provider

    def get_provider_config_schema(self):
        return {"properties": {"base_url": {"type": "string", "default": "http://127.0.0.1:9/"}}}
