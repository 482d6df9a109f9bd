"""A provider that an author writes over `PooledProvider`: its pool, its retries and its end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from localagent import CompletionRequest, CompletionResponse, PooledProvider
from localagent.errors import BadResponse, ConfigError, ConnectionFailed, ProviderError, RateLimited
from localagent.providers import http_service
from loopback import Answer, Loopback, hang_up, running, say_nothing, status, stream
from plain import MakePlugin, Run


class House(PooledProvider):
    """What an author writes at least."""

    name: ClassVar[str] = "house"

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        return CompletionResponse.from_dict(await self.post_json("/complete", request.to_dict()))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as served:
        yield served


@asynccontextmanager
async def house(server: Loopback, **settings: Any) -> AsyncIterator[House]:
    provider = House({"base_url": server.url, **settings})
    assert await provider.initialize(provider.config)
    try:
        yield provider
    finally:
        await provider.cleanup()


GOOD = status(200, {"text": "hello"})
HI = CompletionRequest("hi")


@pytest.mark.asyncio
async def test_the_pool_has_the_size_and_the_facts_that_the_guide_names(server: Loopback) -> None:
    server.answer("/complete", GOOD)
    provider = House({"base_url": server.url + "/", "connection_pool_size": 4, "timeout": 7})
    assert (provider.connection_pool_size, provider.timeout) == (4, 7.0)
    assert provider.pool_facts() == {"open_connections": 0, "pool_size": 4, "closed": True}
    await provider.initialize({})
    assert (await provider.complete(HI)).text == "hello"
    assert await provider.health_check() == {"healthy": True, "open_connections": 1, "pool_size": 4, "closed": False}
    for _ in range(2):
        await provider.cleanup()
        assert provider.pool_facts() == {"open_connections": 0, "pool_size": 4, "closed": True}
    assert await asyncio.to_thread(server.all_gone.wait, 30)
    with pytest.raises(ProviderError, match="was cleaned up"):
        await provider.complete(HI)


@pytest.mark.asyncio
async def test_the_session_makes_requests_of_other_kinds(server: Loopback) -> None:
    server.answer("/complete", GOOD)
    async with house(server, api_key="k") as provider:
        response = await provider.session.put("/complete", content=b"x")
    assert response.json() == {"text": "hello"}
    assert (server.asked[0].method, server.asked[0].headers["authorization"]) == ("PUT", "Bearer k")


@pytest.mark.asyncio
async def test_an_author_may_have_an_address_under_another_name(server: Loopback) -> None:
    server.answer("/complete", GOOD)
    async with house(server, base_url=None, max_retries=0) as provider:
        assert await provider.get_json(server.url + "/complete") == {"text": "hello"}
        with pytest.raises(ConnectionFailed, match=r"^the service cannot be reached: Connection refused$"):
            await provider.get_json("http://127.0.0.1:1/complete")


@pytest.mark.asyncio
async def test_an_author_may_send_other_headers_and_need_not_name_the_provider() -> None:
    class Other(House):
        name = ""

        def headers(self) -> dict[str, str]:
            return {"X-Key": "k"}

    with running() as server:
        server.answer("/complete", status(500))
        provider = Other({"base_url": server.url, "max_retries": 0})
        await provider.initialize({})
        with pytest.raises(BadResponse) as caught:
            await provider.complete(HI)
        await provider.cleanup()
    assert (caught.value.provider, caught.value.fix) == ("", None)
    assert server.asked[0].headers["x-key"] == "k"


@pytest.mark.asyncio
async def test_before_initialise_and_after_a_failed_one_there_is_nothing_to_close() -> None:
    class Failing(House):
        async def initialize(self, config: dict[str, Any]) -> bool:
            await super().initialize(config)
            raise OSError("no")

    provider = Failing({"base_url": "http://127.0.0.1:1"})
    await provider.cleanup()
    with pytest.raises(ProviderError, match="was not initialised"):
        await provider.complete(HI)
    with pytest.raises(OSError, match="no"):
        await provider.initialize({})
    assert provider.pool_facts()["closed"] is False
    await provider.cleanup()
    assert provider.pool_facts()["closed"] is True


@pytest.mark.asyncio
async def test_an_address_that_only_httpx2_refuses_is_a_setting_too() -> None:
    provider = House({"base_url": "http://exa\x7fmple"})
    with pytest.raises(ConfigError, match="'base_url' is no URL"):
        await provider.initialize({})


def test_who_did_not_name_the_provider_is_refused_without_a_command_to_mend_it() -> None:
    class Nameless(House):
        name = ""

    with pytest.raises(ConfigError, match="'base_url' is no URL") as caught:
        Nameless({"base_url": "house"})
    assert caught.value.fix is None


MENDED: dict[str, list[Answer]] = {
    "rate limit": [status(429, retry_after="0"), GOOD],
    "500": [status(500), GOOD],
    "503 while loading": [status(503, {"error": "loading"}), status(503), GOOD],
    "hang up": [hang_up, GOOD],
    "a date in the past": [status(503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), GOOD],
    "no date": [status(503, retry_after="soon"), GOOD],
}


@pytest.mark.parametrize("answers", MENDED.values(), ids=MENDED)
@pytest.mark.asyncio
async def test_what_may_pass_is_asked_again(server: Loopback, answers: list[Answer]) -> None:
    server.answer("/complete", *answers)
    async with house(server) as provider:
        assert (await provider.complete(HI)).text == "hello"
    assert len(server.asked) == len(answers)


@pytest.mark.asyncio
async def test_a_service_that_is_asked_too_often_is_given_the_time_it_wants(server: Loopback) -> None:
    server.answer("/complete", status(429, retry_after="1"), GOOD)
    async with house(server) as provider:
        began = time.monotonic()
        await provider.complete(HI)
    assert time.monotonic() - began >= 1


LASTING: dict[str, tuple[Answer, type[ProviderError], int]] = {
    "rate limit": (status(429, retry_after="0"), RateLimited, 3),
    "more patience than there is": (status(429, retry_after="3600"), RateLimited, 1),
    "503 for an hour": (status(503, retry_after="3600"), ConnectionFailed, 1),
    "no more money": (status(429, {"error": {"code": "insufficient_quota"}}), RateLimited, 1),
    "500": (status(500), BadResponse, 3),
    "hang up": (hang_up, ConnectionFailed, 3),
    "400": (status(400), BadResponse, 1),
    "401": (status(401), ProviderError, 1),
    "no JSON": (status(200, b"{"), BadResponse, 1),
    "silence": (say_nothing, ProviderError, 1),
    "cut": (stream([b"{"], kind="application/json", ending="cut"), ConnectionFailed, 1),
}


@pytest.mark.parametrize(("answer", "kind", "times"), LASTING.values(), ids=LASTING)
@pytest.mark.asyncio
async def test_what_lasts_is_told_after_so_many_questions(
    server: Loopback, answer: Answer, kind: type[ProviderError], times: int
) -> None:
    server.answer("/complete", answer)
    async with house(server, timeout=0.3) as provider:
        with pytest.raises(kind):
            await provider.complete(HI)
    assert len(server.asked) == times


@pytest.mark.asyncio
async def test_a_rate_limit_tells_when_to_come_back(server: Loopback) -> None:
    server.answer("/complete", status(429, retry_after="3600"))
    async with house(server) as provider:
        with pytest.raises(RateLimited) as caught:
            await provider.complete(HI)
    assert caught.value.retry_after == 3600.0


@pytest.mark.asyncio
async def test_a_connection_that_the_service_closed_meanwhile_is_replaced(server: Loopback) -> None:
    async def once(asked: Any, writer: asyncio.StreamWriter) -> None:
        await GOOD(asked, writer)
        writer.close()

    server.answer("/complete", once, GOOD)
    async with house(server) as provider:
        assert (await provider.complete(HI)).text == "hello"
        assert await asyncio.to_thread(server.all_gone.wait, 30)
        assert (await provider.complete(HI)).text == "hello"


@pytest.mark.asyncio
async def test_an_answer_without_end_is_refused(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_service, "LONGEST_ANSWER", 1000)
    server.answer("/complete", stream([b"[" + b"1," * 300] * 3, kind="application/json", ending="open"))
    async with house(server) as provider:
        with pytest.raises(BadResponse, match="more than 1000 bytes"):
            await provider.complete(HI)
        assert provider.pool_facts()["open_connections"] == 0


@pytest.mark.asyncio
async def test_events_end_where_the_service_says_its_last_word(server: Loopback) -> None:
    server.answer("/events", stream([b"data: a\ndata: b\n\n", b"data: END\n\n"]))
    async with house(server) as provider, aclosing(provider.post_for_events("/events", {}, last="END")) as events:
        assert [event async for event in events] == ["a\nb", "END"]
        assert provider.pool_facts()["open_connections"] == 1


@pytest.mark.asyncio
async def test_what_is_no_stream_of_events_is_told(server: Loopback) -> None:
    server.answer("/events", status(200, b"<html>", content_type="text/html"))
    async with house(server) as provider, aclosing(provider.post_for_events("/events", {})) as events:
        with pytest.raises(BadResponse, match="gives 'text/html' where text/event-stream was expected"):
            await anext(events)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://127.0.0.1:1/v1", None),
        ("http://localhost", None),
        ("http://[::1]:1", None),
        ("http://own.example", None),
        ("http://far.example", "http://proxy.example:3128"),
        ("https://far.example", "http://all.example:3128"),
    ],
)
def test_a_proxy_is_for_services_elsewhere(url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("all_proxy", "http://all.example:3128")
    monkeypatch.setenv("no_proxy", "own.example")
    assert http_service._proxy_of(url) == proxy


PAGE = Path(__file__).parents[3] / "docs" / "providers.md"


def test_the_plugin_that_the_documentation_shows_works(
    server: Loopback, localagent: Run, home: Path, make_plugin: MakePlugin
) -> None:
    code = PAGE.read_text("utf-8").partition('```python title="plugin.py"\n')[2].partition("```")[0]
    make_plugin("house-model", code)
    (home / "config.yaml").write_text(
        f"plugins: {{house-model: {{enabled: true}}}}\nproviders: {{house-model: {{base_url: '{server.url}'}}}}\n"
    )
    server.answer("/complete", GOOD)
    server.answer("/stream", stream([b"data: one\n\n", b"data:  two\n\n"]), stream([b"data: one\n\n"], ending="cut"))
    server.answer("/health", status(200, {}))
    assert localagent("ask", "hi", "--no-stream").out == "hello\n"
    assert localagent("ask", "hi").out == "one two\n"
    cut = localagent("ask", "hi")
    assert (cut.code, cut.out) == (1, "one\n")
    assert cut.err.startswith("error house-model: the answer broke off: ")
    assert localagent("providers", "health").out.endswith("ms, open_connections 1, pool_size 10, closed False)\n")
    lost = localagent("ask", "hi", "--no-stream", env={"LOCALAGENT_HOUSE_MODEL_BASE_URL": "http://127.0.0.1:1"})
    assert lost.code == 5
    assert lost.err == (
        "error house-model: http://127.0.0.1:1 cannot be reached: Connection refused\n"
        "fix: localagent providers setup house-model --set base_url=VALUE\n"
    )


def test_it_is_public_and_costs_nothing_until_it_is_initialised() -> None:
    code = (
        "import sys\n"
        "from localagent import BaseProvider, PooledProvider\n"
        "assert issubclass(PooledProvider, BaseProvider)\n"
        "from localagent.providers.builtin_plugins import OllamaPlugin, OpenAICompatiblePlugin\n"
        "for plugin in (OllamaPlugin(), OpenAICompatiblePlugin()):\n"
        "    plugin.get_provider_class(), plugin.get_provider_config_schema()\n"
        "sys.exit(any(name in sys.modules for name in ('httpx2', 'stamina', 'asyncio')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
