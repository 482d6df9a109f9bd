"""The contract of a provider."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import AuthenticationFailed, ConnectionFailed, StreamCut
from localagent.plugins.provider import BaseProvider, CompletionRequest, CompletionResponse, StreamChunk, gather

WORDS = st.text(max_size=5)
OBJECTS = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS | st.lists(WORDS), max_size=3)
REQUESTS = st.builds(
    CompletionRequest,
    prompt=WORDS,
    messages=st.lists(OBJECTS, max_size=2).map(tuple),
    model=st.none() | WORDS,
    temperature=st.none() | st.floats(0, 2),
    max_tokens=st.none() | st.integers(1),
    stop=st.lists(WORDS, max_size=2).map(tuple),
    tools=st.lists(OBJECTS, max_size=2).map(tuple),
    schema=st.none() | OBJECTS,
    metadata=OBJECTS,
)
RESPONSES = st.builds(
    CompletionResponse,
    text=WORDS,
    model=WORDS,
    finish_reason=st.sampled_from(["stop", "length", "tool_calls"]),
    prompt_tokens=st.none() | st.integers(0),
    completion_tokens=st.none() | st.integers(0),
    latency=st.none() | st.floats(0, 100),
    raw=OBJECTS,
    incomplete=st.booleans(),
)


class Echo(BaseProvider):
    """The smallest provider."""

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        return CompletionResponse(text=request.prompt)


@given(REQUESTS)
def test_a_request_comes_back_from_json(request: CompletionRequest) -> None:
    assert CompletionRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


@given(RESPONSES)
def test_a_response_comes_back_from_json(response: CompletionResponse) -> None:
    assert CompletionResponse.from_dict(json.loads(json.dumps(response.to_dict()))) == response


@pytest.mark.parametrize("cls", [CompletionRequest, CompletionResponse])
def test_unknown_keys_are_ignored_and_absent_ones_have_their_default(
    cls: type[CompletionRequest | CompletionResponse],
) -> None:
    assert cls.from_dict({"unheard_of": 1}) == cls()


def test_the_dict_of_a_request_has_plain_lists() -> None:
    told = CompletionRequest(prompt="hi", stop=("end",)).to_dict()
    assert told["stop"] == ["end"]
    assert told["messages"] == told["tools"] == []
    assert set(told) == {field.name for field in dataclasses.fields(CompletionRequest)}


def test_changing_the_dict_of_a_response_leaves_the_response_alone() -> None:
    response = CompletionResponse(raw={"choices": [1]})
    response.to_dict()["raw"]["choices"].append(2)
    assert response.raw == {"choices": [1]}


def test_changing_the_dict_of_a_request_leaves_the_request_alone() -> None:
    request = CompletionRequest(messages=({"role": "user"},), tools=({"name": "look"},))
    told = request.to_dict()
    told["messages"][0]["role"] = told["tools"][0]["name"] = "other"
    assert request == CompletionRequest(messages=({"role": "user"},), tools=({"name": "look"},))


def test_a_single_text_to_stop_at_needs_no_list() -> None:
    assert CompletionRequest.from_dict({"stop": "END"}).stop == ("END",)


def test_requests_do_not_share_their_metadata() -> None:
    CompletionRequest().metadata["a"] = 1
    assert CompletionRequest().metadata == {}


def test_a_provider_needs_to_complete() -> None:
    with pytest.raises(TypeError, match="complete"):
        BaseProvider({})  # type: ignore[abstract] # what the test is about


def test_a_provider_has_settings_of_its_own() -> None:
    settings: dict[str, Any] = {"url": "here"}
    provider = Echo(settings)
    provider.config["url"] = "there"
    assert settings == {"url": "here"}


@pytest.mark.asyncio
async def test_everything_but_completing_has_a_default() -> None:
    provider = Echo({})
    assert await provider.initialize({})
    assert [piece async for piece in provider.stream_complete(CompletionRequest("hi"))] == ["hi"]
    assert await provider.test_connection()
    assert await provider.count_available_models() == 0
    await provider.cleanup()


@pytest.mark.asyncio
async def test_health_is_told_anew_each_time_from_the_connection() -> None:
    class Offline(Echo):
        async def test_connection(self) -> bool:
            return False

    provider = Offline({})
    first = await provider.health_check()
    first["healthy"] = "perhaps"
    assert await provider.health_check() == {"healthy": False}


@pytest.mark.asyncio
async def test_health_says_what_the_connection_raised() -> None:
    class Refused(Echo):
        async def test_connection(self) -> bool:
            raise AuthenticationFailed("the key was refused", fix="set another one")

    health = await Refused({}).health_check()
    assert health == {"healthy": False, "error": "the key was refused", "fix": "set another one"}


async def stream_of(*pieces: str | Exception) -> AsyncIterator[str]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


@pytest.mark.asyncio
async def test_a_stream_is_gathered_into_its_response() -> None:
    response = CompletionResponse("one two", model="m")
    assert await gather(stream_of("one ", "two", StreamChunk(response=response))) is response
    assert await gather(stream_of("one ", "two")) == CompletionResponse("one two")
    assert await gather(Echo({}).stream_complete(CompletionRequest("hi"))) == CompletionResponse("hi")


@pytest.mark.asyncio
async def test_what_is_gathered_of_a_stream_that_broke_off_is_called_incomplete() -> None:
    expected = CompletionResponse("one ", finish_reason="incomplete", raw={"error": "gone"}, incomplete=True)
    assert await gather(stream_of("one ", StreamCut("gone", partial="one "))) == expected
    assert await gather(stream_of("one ", StreamCut("gone"))) == expected


@pytest.mark.asyncio
async def test_where_nothing_came_there_is_nothing_to_gather() -> None:
    with pytest.raises(ConnectionFailed):
        await gather(stream_of(ConnectionFailed("gone")))
