"""The providers that the development guide shows, which bring aiohttp, inside a plugin, with a server on loopback.

Each is tried twice: as the guide's own text, where the variable PLUGIN_GUIDE names the guide's file, and as an author
would have written it after reading the guide.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from guide_text import block_with
from plain import MakePlugin, Run

MISSING_IMPORTS = """
import aiohttp
from app.llm_providers.base_provider import CompletionResponse
"""

AUTHORS_CUSTOM = """
from app.cli.plugins.framework import ProviderPlugin
from app.llm_providers.base_provider import BaseProvider

class CustomLLMProvider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.url = config.get("api_endpoint")
        self.headers = {"Authorization": "Bearer " + config.get("api_key")}

    async def initialize(self, config):
        self.session = aiohttp.ClientSession(headers=self.headers)
        return await self.test_connection()

    async def cleanup(self):
        await self.session.close()

    async def health_check(self):
        async with self.session.get(self.url + "/health") as response:
            models = await self.count_available_models()
            return {"healthy": response.status == 200, "models_available": models}

    async def complete(self, request):
        async with self.session.post(self.url + "/complete", json=request.to_dict()) as response:
            return CompletionResponse.from_dict(await response.json())

    async def stream_complete(self, request):
        async with self.session.post(self.url + "/stream", json=request.to_dict()) as response:
            async for line in response.content:
                yield line.decode()

class CustomProviderPlugin(ProviderPlugin):
    name = "custom-llm-provider"

    def get_provider_class(self):
        return CustomLLMProvider

    def get_provider_config_schema(self):
        return {
            "type": "object",
            "properties": {"api_endpoint": {"type": "string"}, "api_key": {"type": "string"}},
            "required": ["api_endpoint", "api_key"],
        }
"""

AUTHORS_POOLED = """
from app.cli.plugins.framework import ProviderPlugin
from app.llm_providers.base_provider import BaseProvider

class PooledProvider(BaseProvider):
    def __init__(self, config):
        super().__init__(config)
        self.session = None
        self.connection_pool_size = config.get("connection_pool_size", 10)

    async def initialize(self, config):
        connector = aiohttp.TCPConnector(limit=self.connection_pool_size)
        self.session = aiohttp.ClientSession(connector=connector)
        return await self.test_connection()

    async def cleanup(self):
        await self.session.close()

    async def health_check(self):
        return await super().health_check() | {
            "open_connections": len(self.session.connector._conns),
            "pool_size": self.connection_pool_size,
            "closed": self.session.closed,
        }
"""

POOLED_IN_A_PLUGIN = """
class Pooled(PooledProvider):
    async def complete(self, request):
        async with self.session.post(self.config["api_endpoint"] + "/complete", json=request.to_dict()) as response:
            return CompletionResponse.from_dict(await response.json())

class PooledPlugin(ProviderPlugin):
    name = "pooled"

    def get_provider_class(self):
        return Pooled
"""


class Service(BaseHTTPRequestHandler):
    """Answers as the service of the guide's sample does: JSON, and a stream of lines."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/stream":
            self._answer(b"streamed: " + asked["prompt"].encode() + b"\nand the end")
        else:
            self._answer(json.dumps({"text": f"answered: {asked['prompt']}"}).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Response-Time", "1ms")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


Form = Callable[[str, str], str]


def authors_own(_marker: str, own: str) -> str:
    return own


def guides_own(marker: str, _own: str) -> str:
    return block_with(marker)


@pytest.fixture(params=[authors_own, guides_own])
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


def enabled(localagent: Run, home: Path, name: str, settings: dict[str, object]) -> Run:
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text(json.dumps({"providers": {name: settings}}))
    done = localagent("plugins", "enable", name)
    assert done.code == 0, done.text
    return localagent


def test_a_provider_with_a_session(form: Form, url: str, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    name = "custom-llm-provider"
    make_plugin(name, MISSING_IMPORTS + form("class CustomLLMProvider(BaseProvider)", AUTHORS_CUSTOM))
    run = enabled(localagent, home, name, {"api_endpoint": url, "api_key": "k-canary-1"})
    assert run("ask", "hello").out == "streamed: hello\nand the end\n"
    assert run("ask", "hello", "--no-stream").out == "answered: hello\n"
    (health,) = json.loads(run("providers", "health", "--json").out)
    assert (health["healthy"], health["facts"]["models_available"]) == (True, 0)
    lacking = enabled(run, home, name, {"api_endpoint": url})("ask", "hello")
    assert lacking.code == 2
    assert "api_key" in lacking.err


def test_a_provider_with_a_pool(form: Form, url: str, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    pooled = form("class PooledProvider(BaseProvider)", AUTHORS_POOLED)
    make_plugin("pooled", textwrap.dedent(MISSING_IMPORTS) + pooled + POOLED_IN_A_PLUGIN)
    run = enabled(localagent, home, "pooled", {"api_endpoint": url, "connection_pool_size": 3})
    assert run("ask", "hello").out == "answered: hello\n"
    (health,) = json.loads(run("providers", "health", "--json").out)
    assert health["healthy"] is True
    assert health["facts"] == {"healthy": True, "open_connections": 0, "pool_size": 3, "closed": False}
