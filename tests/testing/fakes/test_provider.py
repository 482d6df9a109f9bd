"""A provider that answers what a test says, alone and as one of a host's."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from localagent import CompletionRequest, CompletionResponse, Host, HostOptions, PluginManager
from localagent.errors import AuthenticationFailed, ConnectionFailed, RateLimited, StreamCut
from localagent.plugins.provider import StreamChunk
from localagent_testing import CutStream, FakeClock, FakeProvider

HELLO = CompletionRequest("Hello?")


async def pieces(provider: FakeProvider) -> list[str]:
    return [piece async for piece in provider.stream_complete(HELLO)]


@pytest.mark.asyncio
async def test_answers_come_in_turn_and_again_from_the_first_on() -> None:
    provider = FakeProvider("one", CompletionResponse("two", model="mine"))
    answers = [await provider.complete(CompletionRequest(str(number))) for number in range(3)]
    assert [(answer.text, answer.model) for answer in answers] == [("one", "fake"), ("two", "mine"), ("one", "fake")]
    assert [request.prompt for request in provider.requests] == ["0", "1", "2"]


@pytest.mark.asyncio
async def test_a_stream_is_the_answer_in_pieces_and_ends_with_the_response() -> None:
    told = await pieces(FakeProvider("a long tale", piece=6))
    assert told == ["a long", " tale", ""]
    assert isinstance(told[-1], StreamChunk)
    assert told[-1].response == CompletionResponse("a long tale", model="fake", completion_tokens=3)


@pytest.mark.asyncio
async def test_an_error_is_raised_and_the_next_request_answered() -> None:
    provider = FakeProvider(AuthenticationFailed("no key", provider="fake"), "done")
    with pytest.raises(AuthenticationFailed):
        await provider.complete(HELLO)
    assert (await provider.complete(HELLO)).text == "done"
    with pytest.raises(AuthenticationFailed):
        await pieces(provider)
    assert provider.open_streams == 0


@pytest.mark.asyncio
async def test_after_so_many_requests_it_wants_fewer() -> None:
    provider = FakeProvider("done", limit=1)
    await provider.complete(HELLO)
    with pytest.raises(RateLimited) as error:
        await pieces(provider)
    assert error.value.retry_after == 1.0


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_early_is_open_no_more() -> None:
    provider = FakeProvider("a long answer")
    async with aclosing(provider.stream_complete(HELLO)) as stream:  # type: ignore[type-var] # it is a generator
        assert await anext(stream) == "a lo"
        assert provider.open_streams == 1
    assert provider.open_streams == 0


@pytest.mark.asyncio
async def test_it_is_as_slow_as_the_test_says() -> None:
    clock = FakeClock()
    answer = asyncio.create_task(FakeProvider("late", delay=5, sleep=clock.sleep).complete(HELLO))
    await asyncio.sleep(0)
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert not answer.done()
    clock.advance(0.1)
    assert (await answer).text == "late"


@pytest.mark.asyncio
@pytest.mark.parametrize("is_healthy", [True, False])
async def test_its_health_is_what_the_test_says(*, is_healthy: bool) -> None:
    provider = FakeProvider(healthy=is_healthy)
    assert await provider.health_check() == {"healthy": is_healthy}
    assert await provider.count_available_models() == 1


@pytest.mark.asyncio
async def test_a_host_asks_it_as_any_other_provider(home: Path) -> None:
    manager = PluginManager(Host.open(HostOptions(home=home)))
    provider = FakeProvider("whole", CutStream("broken off"), ConnectionFailed("gone", provider="fake"))
    provider.offer_to(manager.host.provider_manager)
    asked = manager.host.provider_manager
    assert (await asked.complete(HELLO, provider="fake")).text == "whole"
    assert provider.is_initialised
    with pytest.raises(StreamCut) as cut:
        [piece async for piece in asked.stream(HELLO, provider="fake")]
    assert cut.value.partial == "broken off"
    with pytest.raises(ConnectionFailed):
        await asked.complete(HELLO, provider="fake")
    (health,) = await asked.health(["fake"])
    assert health.healthy
    await asked.let_go(["fake"], within=1)
    assert not provider.is_initialised


@pytest.mark.asyncio
async def test_an_answer_that_breaks_off_has_no_whole() -> None:
    error = AuthenticationFailed("the key ran out", provider="fake")
    with pytest.raises(AuthenticationFailed):
        await FakeProvider(CutStream("half", error)).complete(HELLO)
