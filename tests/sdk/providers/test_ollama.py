"""Ollama's native API: what is sent, and what is made of its lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from localagent.errors import BadResponse, ConnectionFailed, ContextTooLong, ProviderError, StreamCut
from localagent.plugins.config_schema import defaults_of
from localagent.plugins.provider import CompletionRequest, StreamChunk, gather
from localagent.providers.ollama import SCHEMA, OllamaProvider
from loopback import Answer, Loopback, running, status, stream

PATH = "/api/chat"
HI = CompletionRequest("hi")
TEXT = "Grüße 👋 \u2028 und \x85 Schluss"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as served:
        yield served


@asynccontextmanager
async def ollama(server: Loopback, **settings: Any) -> AsyncIterator[OllamaProvider]:
    provider = OllamaProvider({"base_url": server.url, "model": "tiny", "max_retries": 0, **settings})
    await provider.initialize({})
    try:
        yield provider
    finally:
        await provider.cleanup()


def line(text: str = "", **more: Any) -> bytes:
    told = {"model": "tiny", "message": {"role": "assistant", "content": text}, "done": False, **more}
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


END = line(done=True, done_reason="stop", prompt_eval_count=5, eval_count=2)


def lines(*pieces: bytes, **how: Any) -> Answer:
    return stream(pieces, kind="application/x-ndjson", **how)


def test_it_looks_where_ollama_listens_by_itself() -> None:
    assert defaults_of(SCHEMA)["base_url"] == "http://127.0.0.1:11434"
    assert OllamaProvider({}).service.base_url == "http://127.0.0.1:11434"


@pytest.mark.asyncio
async def test_all_of_a_request_is_sent(server: Loopback) -> None:
    server.answer(PATH, status(200, {**json.loads(END), "message": {"role": "assistant", "content": "hello"}}))
    function = {"name": "add", "parameters": {"type": "object"}}
    request = CompletionRequest(
        "1+1", temperature=0.0, max_tokens=7, stop=("\n",), tools=(function,), schema={"type": "object"}
    )
    async with ollama(server) as provider:
        response = await provider.complete(request)
    assert (response.text, response.model, response.finish_reason) == ("hello", "tiny", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (5, 2)
    assert server.asked[0].json == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "1+1"}],
        "stream": False,
        "options": {"temperature": 0.0, "num_predict": 7, "stop": ["\n"]},
        "tools": [{"type": "function", "function": function}],
        "format": {"type": "object"},
    }


WHOLE = line(TEXT[:5]) + line(TEXT[5:]) + END


@pytest.mark.parametrize(
    "answer",
    [
        lines(line(TEXT), END),
        lines(*(WHOLE[start : start + 1] for start in range(len(WHOLE)))),
        lines(WHOLE.replace(b"\n", b"\r\n\r\n")),
        lines(WHOLE.removesuffix(b"\n")),
    ],
    ids=["lines", "bytewise", "CRLF", "no last end"],
)
@pytest.mark.asyncio
async def test_a_stream_is_understood_however_it_comes(server: Loopback, answer: Answer) -> None:
    server.answer(PATH, answer)
    async with ollama(server) as provider:
        pieces = [piece async for piece in provider.stream_complete(HI)]
        assert provider.pool_facts()["open_connections"] == 1
    assert "".join(pieces) == TEXT
    assert isinstance(pieces[-1], StreamChunk)
    assert pieces[-1].response is not None
    response = pieces[-1].response
    assert (response.text, response.finish_reason, response.completion_tokens) == (TEXT, "stop", 2)
    assert response.raw["message"]["content"] == TEXT
    assert server.asked[0].json["stream"] is True


@pytest.mark.asyncio
async def test_tool_calls_are_in_raw(server: Loopback) -> None:
    call = {"function": {"name": "add", "arguments": {"a": 1}}}
    calling = line(message={"role": "assistant", "content": "", "tool_calls": [call]})
    server.answer(PATH, lines(calling, END))
    async with ollama(server) as provider:
        response = await gather(provider.stream_complete(HI))
    assert (response.finish_reason, response.raw["message"]["tool_calls"]) == ("tool_calls", [call])


@pytest.mark.asyncio
async def test_without_a_model_the_first_one_answers(server: Loopback) -> None:
    server.answer("/api/tags", status(200, {"models": [{"name": "newest"}, {"name": "older"}]}))
    server.answer(PATH, lines(line("hello"), END))
    async with ollama(server, model=None) as provider:
        assert (await gather(provider.stream_complete(HI))).text == "hello"
        assert await provider.count_available_models() == 2
        assert await provider.test_connection()
        assert (await provider.health_check())["models"] == 2
    assert server.asked[1].json["model"] == "newest"


@pytest.mark.asyncio
async def test_without_any_model_the_way_to_one_is_told(server: Loopback) -> None:
    server.answer("/api/tags", status(200, {"models": []}))
    async with ollama(server, model=None) as provider:
        with pytest.raises(ProviderError, match="has no model yet") as caught:
            await provider.complete(HI)
    assert (caught.value.setting, caught.value.fix) == ("model", "ollama pull NAME")


FAILING: dict[str, tuple[Answer, type[ProviderError], str, str]] = {
    "no such model": (status(404, {"error": "model 'tiny' not found"}), BadResponse, "model", "not found"),
    "an error": (lines(b'{"error": "out of memory"}\n'), BadResponse, "", "out of memory"),
    "too long": (lines(b'{"error": "exceeds the context length"}\n'), ContextTooLong, "model", "context length"),
    "no object": (lines(b"[1]\n"), BadResponse, "base_url", "a JSON list where"),
    "no message": (lines(b'{"done": true}\n'), BadResponse, "base_url", "has no 'message'"),
    "no JSON": (lines(b"<html>\n"), BadResponse, "base_url", "no JSON"),
    "cut": (lines(ending="cut"), ConnectionFailed, "base_url", "breaks the connection"),
    "nothing": (lines(), BadResponse, "base_url", "the answer has no end"),
}


@pytest.mark.parametrize(("answer", "kind", "setting", "why"), FAILING.values(), ids=FAILING)
@pytest.mark.asyncio
async def test_what_is_no_answer_is_a_typed_error(
    server: Loopback, answer: Answer, kind: type[ProviderError], setting: str, why: str
) -> None:
    server.answer(PATH, answer)
    async with ollama(server) as provider:
        with pytest.raises(kind, match=why) as caught:
            await gather(provider.stream_complete(HI))
    assert (caught.value.provider, caught.value.setting) == ("ollama", setting)


@pytest.mark.asyncio
async def test_what_is_no_ollama_is_told(server: Loopback) -> None:
    server.answer("/api/tags", status(200, ["a"]))
    async with ollama(server) as provider:
        health = await provider.health_check()
        assert health["healthy"] is False
        assert "lists no models, so it is no Ollama" in health["error"]
        with pytest.raises(BadResponse, match="lists no models, so it is no Ollama"):
            await provider.test_connection()


@pytest.mark.parametrize("ending", ["cut", "open", "whole"])
@pytest.mark.asyncio
async def test_a_cut_stream_keeps_what_came(server: Loopback, ending: str) -> None:
    server.answer(PATH, lines(line("one "), line("two")[:20], ending=ending))
    async with ollama(server, timeout=0.2) as provider:
        with pytest.raises(StreamCut) as caught:
            [piece async for piece in provider.stream_complete(HI)]
    assert caught.value.partial == "one "


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_early_lets_go_of_its_connection(server: Loopback) -> None:
    server.answer(PATH, lines(line("one "), line("two "), ending="open"))
    async with ollama(server) as provider:
        async with aclosing(provider.stream_complete(HI)) as pieces:
            assert await anext(pieces) == "one "
        assert provider.pool_facts()["open_connections"] == 0
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await asyncio.to_thread(server.all_gone.wait, 30)
