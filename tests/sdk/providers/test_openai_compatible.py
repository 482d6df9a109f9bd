"""Chat completions over HTTP: what is sent, what is made of the answer, and what of answers that are none."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest

from localagent.errors import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    ConnectionFailed,
    ContextTooLong,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    StreamCut,
)
from localagent.plugins.config_schema import violations_of
from localagent.plugins.provider import CompletionRequest, StreamChunk, gather
from localagent.providers import http_service
from localagent.providers.openai_compatible import SCHEMA, OpenAICompatibleProvider
from loopback import Answer, Loopback, echo_headers, hang_up, running, say_nothing, status, stream

PATH = "/v1/chat/completions"
KEY = "sk-canary-4711"
HI = CompletionRequest("hi")
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as served:
        yield served


@asynccontextmanager
async def provider_of(server: Loopback, **settings: Any) -> AsyncIterator[OpenAICompatibleProvider]:
    """A provider with few retries, initialised and cleaned up."""
    config = {"base_url": server.url + "/v1", "api_key": KEY, "max_retries": 0, **settings}
    assert not violations_of(config, SCHEMA)
    provider = OpenAICompatibleProvider(config)
    assert await provider.initialize(config)
    try:
        yield provider
    finally:
        await provider.cleanup()


def whole(text: str | None = "hello", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {
        "id": "c-1",
        "model": "tiny",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if more else "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }


def event(text: str = "", finish: str | None = None, **more: Any) -> bytes:
    delta = {"content": text, **more}
    told = {"id": "c-1", "model": "tiny", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"


USAGE = b'data: {"model": "tiny", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}\n\n'


async def told_by(provider: OpenAICompatibleProvider, request: CompletionRequest = HI) -> list[str]:
    return [piece async for piece in provider.stream_complete(request)]


async def failure_of(provider: OpenAICompatibleProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await provider.complete(HI)
    return caught.value


@pytest.mark.asyncio
async def test_a_whole_answer_becomes_a_response(server: Loopback) -> None:
    server.answer(PATH, status(200, whole()))
    async with provider_of(server, model="tiny") as provider:
        response = await provider.complete(HI)
    assert (response.text, response.model, response.finish_reason) == ("hello", "tiny", "stop")
    assert (response.prompt_tokens, response.completion_tokens) == (5, 2)
    assert response.raw == whole()
    (asked,) = server.asked
    assert asked.json == {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
    assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.asyncio
async def test_odd_parts_of_an_answer_are_left_out(server: Loopback) -> None:
    parts = [{"type": "text", "text": "he"}, {"type": "image"}, None, {"type": "text", "text": "llo"}]
    answer = whole("hello", tool_calls=[None, {"function": None}])
    answer["choices"][0]["message"]["content"] = parts
    server.answer(PATH, status(200, answer | {"usage": {"prompt_tokens": "many"}, "model": None}))
    async with provider_of(server) as provider:
        response = await provider.complete(HI)
    assert (response.text, response.model, response.prompt_tokens) == ("hello", "", None)


@pytest.mark.asyncio
async def test_all_of_a_request_is_sent(server: Loopback) -> None:
    server.answer(PATH, status(200, whole()))
    function = {"name": "add", "description": "Adds", "parameters": {"type": "object"}}
    wrapped = {"type": "function", "function": function}
    request = CompletionRequest(
        messages=({"role": "system", "content": "Be brief"}, {"role": "user", "content": "1+1"}),
        model="other",
        temperature=0.0,
        max_tokens=7,
        stop=("\n", "end"),
        tools=(function, wrapped),
        schema={"type": "object"},
        metadata={"mine": True},
    )
    async with provider_of(server, model="tiny") as provider:
        await provider.complete(request)
    assert server.asked[0].json == {
        "model": "other",
        "messages": list(request.messages),
        "temperature": 0.0,
        "max_tokens": 7,
        "stop": ["\n", "end"],
        "tools": [wrapped, wrapped],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
    }


@pytest.mark.asyncio
async def test_a_server_may_want_a_schema_the_older_way(server: Loopback) -> None:
    server.answer(PATH, status(200, whole()))
    async with provider_of(server, structured_output="json_object") as provider:
        await provider.complete(CompletionRequest("hi", schema={"type": "object"}))
    assert server.asked[0].json["response_format"] == {"type": "json_object", "schema": {"type": "object"}}


@pytest.mark.asyncio
async def test_a_stream_comes_piece_by_piece_and_ends_with_the_response(server: Loopback) -> None:
    server.answer(PATH, stream([event("he"), event("llo"), event(finish="length"), USAGE, DONE]))
    async with provider_of(server) as provider:
        *pieces, last = await told_by(provider)
    assert pieces == ["he", "llo"]
    assert isinstance(last, StreamChunk)
    assert last.response is not None
    assert (last.response.text, last.response.finish_reason, last.response.model) == ("hello", "length", "tiny")
    assert (last.response.prompt_tokens, last.response.completion_tokens) == (5, 2)
    assert last.response.raw["choices"][0]["message"] == {"role": "assistant", "content": "hello"}
    assert server.asked[0].json["stream_options"] == {"include_usage": True}


@pytest.mark.asyncio
async def test_tool_calls_are_in_raw_in_the_same_place_whether_streamed_or_not(server: Loopback) -> None:
    call = {"id": "call-1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    other = {"id": "call-2", "type": "function", "function": {"name": "now", "arguments": ""}}
    pieces = [
        {"index": 0, "id": "call-1", "type": "function", "function": {"name": "add", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 0, "function": {"arguments": " 1}"}},
        {"index": 1, "id": "call-2", "type": "function", "function": {"name": "now"}},
    ]
    events = [event(tool_calls=[piece]) for piece in pieces]
    server.answer(
        PATH,
        status(200, whole(None, tool_calls=[call, other])),
        stream([*events, event(finish="tool_calls"), DONE]),
    )
    async with provider_of(server) as provider:
        responses = [await provider.complete(HI), await gather(provider.stream_complete(HI))]
    for response in responses:
        assert (response.text, response.finish_reason) == ("", "tool_calls")
        assert response.raw["choices"][0]["message"]["tool_calls"] == [call, other]


TEXT = "Grüße 👋 \u2028 und \x85 Schluss"
EVENTS = event(TEXT) + b": keep-alive\n\n" + event(finish="stop") + DONE
IN_BYTES = [EVENTS[start : start + 1] for start in range(len(EVENTS))]


@pytest.mark.parametrize(
    "answer",
    [
        stream(IN_BYTES),
        stream([EVENTS]),
        stream([EVENTS.replace(b"\n", b"\r\n")]),
        stream([b"event: message\nid: 7\n" + EVENTS.replace(b"data: ", b"data:")]),
        stream([EVENTS.removesuffix(DONE)]),
        stream([EVENTS.removesuffix(b"\n")]),
        stream([EVENTS], ending="open"),
        stream([EVENTS], kind="text/event-stream; charset=utf-8"),
        stream([b": keep-alive\n\n", b": keep-alive\n\n", EVENTS], pause=0.02),
        stream([event("", role="assistant"), EVENTS, b"data: {}\n"]),
        stream([b'data: {"choices": [null]}\n\ndata: {"choices": [{"delta": null}]}\n\n', EVENTS]),
        status(200, whole(TEXT)),
    ],
    ids=[
        "bytewise",
        "in one",
        "CRLF",
        "more fields",
        "no DONE",
        "half a DONE",
        "left open",
        "charset",
        "keep-alive",
        "trailing",
        "nulls",
        "JSON",
    ],
)
@pytest.mark.asyncio
async def test_a_stream_is_understood_however_it_is_written(server: Loopback, answer: Answer) -> None:
    server.answer(PATH, answer)
    async with provider_of(server, timeout=5) as provider:
        pieces = await told_by(provider)
    assert "".join(pieces) == TEXT
    assert isinstance(pieces[-1], StreamChunk)
    assert pieces[-1].response is not None
    assert (pieces[-1].response.text, pieces[-1].response.finish_reason) == (TEXT, "stop")


@pytest.mark.asyncio
async def test_a_huge_event_is_read_and_an_endless_one_is_refused(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = "x" * 3_000_000
    server.answer(PATH, stream([event(huge), event(finish="stop"), DONE]))
    async with provider_of(server) as provider:
        assert (await gather(provider.stream_complete(HI))).text == huge
        monkeypatch.setattr(http_service, "LONGEST_EVENT", 1_000_000)
        with pytest.raises(BadResponse, match="a piece of more than 1000000 bytes"):
            await told_by(provider)


CUTS: dict[str, tuple[Answer, str]] = {
    "mid-event": (stream([event("one "), event("two")[:20]], ending="cut"), "breaks the connection"),
    "between": (stream([event("one ")], ending="cut"), "breaks the connection"),
    "no end": (stream([event("one ")]), "the answer has no end"),
    "silence": (stream([event("one ")], ending="open"), "sends nothing for 0.2 s"),
    "junk": (stream([event("one "), b"data: {junk\n\n"]), "no JSON"),
    "no object": (stream([event("one "), b"data: [1]\n\n"]), "a JSON list where an object was expected"),
    "no choices": (stream([event("one "), b'data: {"a": 1}\n\n']), "its answer has no 'choices'"),
    "an error": (stream([event("one "), b'data: {"error": {"message": "out of memory"}}\n\n']), "out of memory"),
}


@pytest.mark.parametrize(("answer", "why"), CUTS.values(), ids=CUTS)
@pytest.mark.asyncio
async def test_a_cut_stream_keeps_what_came(server: Loopback, answer: Answer, why: str) -> None:
    server.answer(PATH, answer)
    async with provider_of(server, timeout=0.2) as provider:
        with pytest.raises(StreamCut, match=why) as caught:
            await told_by(provider)
        assert caught.value.partial == "one "
        assert caught.value.provider == "openai-compatible"
        response = await gather(provider.stream_complete(HI))
    assert (response.text, response.incomplete, response.finish_reason) == ("one ", True, "incomplete")
    assert why in response.raw["error"]


@pytest.mark.asyncio
async def test_a_stream_that_never_began_is_no_cut_one(server: Loopback) -> None:
    server.answer(PATH, stream([b": wait\n\n"], ending="cut"))
    async with provider_of(server) as provider:
        with pytest.raises(ConnectionFailed, match="breaks the connection"):
            await told_by(provider)


@pytest.mark.asyncio
async def test_a_slow_answer_is_waited_for_as_long_as_something_comes(server: Loopback) -> None:
    server.answer(PATH, stream([*IN_BYTES[:60], EVENTS[60:]], pause=0.01))
    async with provider_of(server, timeout=0.4) as provider:
        assert (await gather(provider.stream_complete(HI))).text == TEXT


REFUSALS: list[tuple[Answer, type[ProviderError], str, str]] = [
    (status(401, {"error": {"message": "Wrong"}}), AuthenticationFailed, "api_key", "refuses the key; .* 401: Wrong"),
    (status(403, b"<html>no</html>"), AuthenticationFailed, "api_key", "403: <html>no</html>"),
    (status(429, {"error": "slow down"}), RateLimited, "max_retries", "wants fewer requests; .*slow down"),
    (status(400, {"error": {"code": "context_length_exceeded"}}), ContextTooLong, "model", "context_length_exceeded"),
    (
        status(400, {"error": {"message": "the request exceeds the available context size", "type": "x"}}),
        ContextTooLong,
        "model",
        "available context size",
    ),
    (status(400, {"detail": [{"msg": "no such field"}]}), BadResponse, "", "400: no such field"),
    (status(404, {"error": {"message": "The model `a` does not exist"}}), BadResponse, "model", "does not exist"),
    (status(404, b"Not Found"), BadResponse, "base_url", "404: Not Found"),
    (status(307, location="http://127.0.0.1/elsewhere"), BadResponse, "base_url", "points to http://127.0.0.1/else"),
    (status(500, b""), BadResponse, "", "answers with status 500$"),
    (status(503, {"error": "loading"}), ConnectionFailed, "base_url", "503: loading"),
    (status(200, b"<html>"), BadResponse, "base_url", "gives no JSON"),
    (status(200, b"\xff\xfe"), BadResponse, "base_url", "gives no JSON"),
    (status(200, [1]), BadResponse, "base_url", "a JSON list where an object was expected"),
    (status(200, {"error": {"message": "out of memory"}}), BadResponse, "", "out of memory"),
    (status(200, b"[" * 100_000), BadResponse, "base_url", "gives no JSON"),
    (status(200, b"{}", content_encoding="gzip"), BadResponse, "base_url", "cannot be understood"),
    (hang_up, ConnectionFailed, "base_url", "breaks the connection"),
    (say_nothing, ProviderTimeout, "timeout", "sends nothing for 0.2 s"),
]


@pytest.mark.parametrize(("answer", "kind", "setting", "message"), REFUSALS, ids=[each[3] for each in REFUSALS])
@pytest.mark.asyncio
async def test_what_is_no_answer_is_a_typed_error_that_names_the_setting(
    server: Loopback, answer: Answer, kind: type[ProviderError], setting: str, message: str
) -> None:
    server.answer(PATH, answer)
    async with provider_of(server, timeout=0.2) as provider:
        with pytest.raises(kind, match=message) as caught:
            await provider.complete(HI)
        with pytest.raises(kind):
            await told_by(provider)
    assert type(caught.value) is kind
    assert (caught.value.provider, caught.value.setting) == ("openai-compatible", setting)
    assert server.url in caught.value.message


@pytest.mark.asyncio
async def test_a_port_where_nobody_listens_is_named(server: Loopback) -> None:
    async with provider_of(server, base_url="http://user:secret@127.0.0.1:1/v1?key=secret") as provider:
        error = await failure_of(provider)
    assert isinstance(error, ConnectionFailed)
    assert (error.url, error.setting) == ("http://127.0.0.1:1/v1", "base_url")
    assert error.message == "http://127.0.0.1:1/v1 cannot be reached: Connection refused"
    assert error.fix == "localagent providers setup openai-compatible --set base_url=VALUE"


@pytest.mark.asyncio
async def test_a_port_where_nobody_lets_in_is_given_up(server: Loopback) -> None:
    with ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with provider_of(server, base_url=url, connect_timeout=0.2) as provider:
            error = await failure_of(provider)
    assert isinstance(error, ConnectionFailed)
    assert error.message == f"{url} cannot be reached within 0.2 s"


@pytest.mark.asyncio
async def test_a_name_that_nobody_has_is_told(server: Loopback) -> None:
    async with provider_of(server, base_url="http://nobody.invalid/v1") as provider:
        error = await failure_of(provider)
    assert isinstance(error, ConnectionFailed)
    assert error.message.startswith("http://nobody.invalid/v1 cannot be reached: ")


@pytest.mark.asyncio
async def test_the_key_is_never_shown_even_if_the_service_repeats_it(
    server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    server.answer(PATH, echo_headers("authorization"))
    async with provider_of(server) as provider:
        error = await failure_of(provider)
        assert "Incorrect key: Bearer ***" in error.message
        shown = [repr(provider), str(vars(error)), repr(error), repr(provider.service), repr(provider.session)]
    assert KEY not in "".join([*shown, caplog.text])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "127.0.0.1:8080"}, "is no URL of a service"),
        ({"base_url": "ftp://127.0.0.1"}, "is no URL of a service"),
        ({"base_url": "http://"}, "is no URL of a service"),
        ({"base_url": "http://127.0.0.1:99999"}, "is no URL of a service"),
        ({"base_url": "http://[::1"}, "is no URL of a service"),
        ({"base_url": "http://a", "api_key": "two\nlines"}, "characters that no HTTP header may have"),
        ({"base_url": "http://a", "api_key": "schlüssel"}, "characters that no HTTP header may have"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        OpenAICompatibleProvider(settings)
    assert "schl" not in str(caught.value)


@pytest.mark.asyncio
async def test_health_tells_of_models_and_of_the_pool(server: Loopback) -> None:
    server.answer("/v1/models", status(200, {"data": [{"id": "a"}, {"id": "b"}]}))
    async with provider_of(server, connection_pool_size=3) as provider:
        assert await provider.test_connection()
        health = await provider.health_check()
        assert health == {"healthy": True, "models": 2, "open_connections": 1, "pool_size": 3, "closed": False}
    assert provider.pool_facts() == {"open_connections": 0, "pool_size": 3, "closed": True}


@pytest.mark.asyncio
async def test_health_is_told_and_not_raised_where_nobody_answers_and_after_cleanup(server: Loopback) -> None:
    server.answer("/v1/models", hang_up)
    async with provider_of(server) as provider:
        gone = await provider.health_check()
        assert (gone["healthy"], bool(gone["error"]), gone["closed"]) == (False, True, False)
    after = await provider.health_check()
    assert (after["healthy"], bool(after["error"]), after["closed"]) == (False, True, True)


@pytest.mark.asyncio
async def test_a_server_that_lists_no_models_may_be_healthy_all_the_same(server: Loopback) -> None:
    server.answer("/v1/models", status(200, {"object": "list"}))
    async with provider_of(server) as provider:
        assert (await provider.health_check())["models"] == 0


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_early_lets_go_of_its_connection(server: Loopback) -> None:
    server.answer(PATH, stream([event("one ")] * 5, ending="open"))
    async with provider_of(server) as provider:
        pieces = provider.stream_complete(HI)
        async with aclosing(pieces) as closing:
            assert await anext(closing) == "one "
            assert provider.pool_facts()["open_connections"] == 1
        assert provider.pool_facts()["open_connections"] == 0
        assert await asyncio.to_thread(server.all_gone.wait, 30)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("answer", [stream([event("one ")], ending="open"), say_nothing], ids=["streaming", "waiting"])
@pytest.mark.asyncio
async def test_a_cancelled_question_lets_go_of_its_connection(server: Loopback, answer: Answer) -> None:
    server.answer(PATH, answer)
    async with provider_of(server) as provider:
        task = asyncio.create_task(gather(provider.stream_complete(HI)))
        while not server.asked:  # noqa: ASYNC110 - the server lives in another thread
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert provider.pool_facts()["open_connections"] == 0
        assert await asyncio.to_thread(server.all_gone.wait, 30)


@pytest.mark.asyncio
async def test_fifty_questions_at_once_share_ten_connections_and_leave_nothing(server: Loopback) -> None:
    pieces = [event("a"), event("b"), event(finish="stop"), DONE]
    server.answer(PATH, stream(pieces, pause=0.005))
    async with provider_of(server) as provider:
        responses = await asyncio.gather(*(gather(provider.stream_complete(HI)) for _ in range(50)))
        assert [response.text for response in responses] == ["ab"] * 50
        assert server.most_connections <= 10
        assert provider.pool_facts()["open_connections"] <= 10
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert provider.pool_facts()["open_connections"] == 0
    assert await asyncio.to_thread(server.all_gone.wait, 30)


@pytest.mark.asyncio
async def test_fifty_questions_of_which_half_are_cancelled_leave_nothing(server: Loopback) -> None:
    server.answer(PATH, stream([event("a"), event("b"), event(finish="stop"), DONE], pause=0.02))
    async with provider_of(server) as provider:
        tasks = [asyncio.create_task(gather(provider.stream_complete(HI))) for _ in range(50)]
        while len(server.asked) < 5:  # noqa: ASYNC110 - the server lives in another thread
            await asyncio.sleep(0.005)
        for task in tasks[::2]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {response.text for response in ended if not isinstance(response, BaseException)} == {"ab"}
        assert len([each for each in ended[1::2] if not isinstance(each, BaseException)]) == 25
        assert (await provider.stream_complete(HI).__anext__()) == "a"
    assert await asyncio.to_thread(server.all_gone.wait, 30)
