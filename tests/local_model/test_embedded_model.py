"""The provider of the embedded model, with the model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from localagent.errors import ConfigError, ContextTooLong, ProviderError, StreamCut
from localagent.plugins.config_schema import defaults_of
from localagent.plugins.provider import CompletionRequest, StreamChunk
from localagent.providers.embedded import EmbeddedProvider, schema_for
from localagent.providers.llama import Llama, ModelSettings

HELLO = CompletionRequest("Say hello", max_tokens=12)
LONG = CompletionRequest("Numbers", schema={"type": "array", "items": {"type": "integer"}, "minItems": 1000})


async def provider_with(weights: Path, **settings: object) -> EmbeddedProvider:
    config: dict[str, Any] = defaults_of(schema_for(weights.parent)) | {"model_path": str(weights), "seed": 7}
    provider = EmbeddedProvider(config | settings)
    assert await provider.initialize(config | settings)
    return provider


@pytest_asyncio.fixture
async def provider(weights: Path) -> AsyncIterator[EmbeddedProvider]:
    provider = await provider_with(weights)
    yield provider
    await provider.cleanup()
    assert models() == []


def models() -> list[int]:
    """The processes that models of this test live in."""
    return [child.pid for child in psutil.Process().children()]


@pytest.mark.asyncio
async def test_tokens_come_one_by_one_and_then_the_response(
    provider: EmbeddedProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    pieces = [piece async for piece in provider.stream_complete(HELLO)]
    last = pieces[-1]
    assert isinstance(last, StreamChunk)
    assert last.response is not None
    assert len(pieces) > 2
    assert last.response.text == "".join(pieces)
    assert last.response.prompt_tokens
    assert last.response.completion_tokens in range(1, 13)
    assert (last.response.finish_reason == "length") == (last.response.completion_tokens == 12)
    assert capfd.readouterr() == ("", "")


@pytest.mark.asyncio
async def test_the_loop_goes_on_while_the_model_thinks(provider: EmbeddedProvider) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    seen = [turns async for _ in provider.stream_complete(HELLO)]
    counting.cancel()
    assert seen == sorted(set(seen))


@pytest.mark.asyncio
async def test_requests_wait_for_their_turn(provider: EmbeddedProvider) -> None:
    responses = await asyncio.gather(*(provider.complete(HELLO) for _ in range(4)))
    assert {response.text for response in responses} == {responses[0].text}
    assert len(models()) == 1


@pytest.mark.asyncio
async def test_closing_early_lets_the_next_one_in(provider: EmbeddedProvider) -> None:
    async with aclosing(provider.stream_complete(LONG)) as pieces:  # type: ignore[type-var] # it is a generator
        async for _ in pieces:
            break
    first = models()
    assert (await provider.complete(HELLO)).text
    assert models() == first


@pytest.mark.asyncio
async def test_a_cancel_lets_the_next_one_in(provider: EmbeddedProvider) -> None:
    await provider.complete(HELLO)
    asking = asyncio.create_task(provider.complete(LONG))
    waiting = asyncio.create_task(provider.complete(LONG))
    await asyncio.sleep(0.1)
    assert asking.cancel()
    assert waiting.cancel()
    await asyncio.wait({asking, waiting})
    assert (await provider.complete(HELLO)).text


@pytest.mark.asyncio
async def test_an_answer_ends_at_a_stop_text(provider: EmbeddedProvider) -> None:
    whole = (await provider.complete(CompletionRequest("Say hello", max_tokens=30))).text
    stop = whole[5:8]
    response = await provider.complete(CompletionRequest("Say hello", max_tokens=30, stop=(stop,)))
    assert (response.text, response.finish_reason) == (whole.partition(stop)[0], "stop")


@pytest.mark.asyncio
async def test_the_coldest_temperature_needs_no_seed(weights: Path) -> None:
    provider = await provider_with(weights, seed=None)
    request = CompletionRequest("Say hello", temperature=0, max_tokens=12)
    assert (await provider.complete(request)).text == (await provider.complete(request)).text
    await provider.cleanup()


@pytest.mark.asyncio
async def test_messages_are_what_the_model_is_made_for(provider: EmbeddedProvider) -> None:
    messages = ({"role": "system", "content": "You are brief."}, {"role": "user", "content": "Say hello"})
    response = await provider.complete(CompletionRequest(messages=messages, max_tokens=12))
    assert response.prompt_tokens != (await provider.complete(HELLO)).prompt_tokens


@pytest.mark.asyncio
async def test_an_answer_fits_its_schema(provider: EmbeddedProvider) -> None:
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
    response = await provider.complete(CompletionRequest("A number", schema=schema))
    assert json.loads(response.text).keys() == {"number"}


@pytest.mark.parametrize(
    "schema",
    [{"enum": []}, {"not": {}}, {"$ref": "http://localhost/x"}, {"type": "string", "pattern": r"^\d$"}],
    ids=str,
)
@pytest.mark.asyncio
async def test_a_schema_that_llama_cpp_does_not_know_is_told(
    provider: EmbeddedProvider, schema: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ProviderError, match=r"llama\.cpp cannot hold an answer to this schema"):
        await provider.complete(CompletionRequest("x", schema=schema))
    assert capfd.readouterr() == ("", "")


@pytest.mark.asyncio
async def test_a_schema_that_nothing_fits_ends_the_models_process_and_not_this_one(
    provider: EmbeddedProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    nothing = {"type": "string", "pattern": "^[z-a]$"}
    with pytest.raises(ProviderError, match=r"ended its process \(SIGABRT\): .*empty grammar stack"):
        await provider.complete(CompletionRequest("x", schema=nothing))
    assert (await provider.complete(HELLO)).text
    assert capfd.readouterr() == ("", "")


@pytest.mark.asyncio
async def test_a_models_process_that_is_killed_is_started_anew(provider: EmbeddedProvider) -> None:
    pieces = provider.stream_complete(LONG)
    await anext(pieces)
    os.kill(models()[0], signal.SIGKILL)
    with pytest.raises(ProviderError, match=r"ended its process \(SIGKILL\)"):
        _ = [piece async for piece in pieces]
    assert (await provider.complete(HELLO)).text


@pytest.mark.asyncio
async def test_cleaning_up_ends_who_still_asks(weights: Path) -> None:
    provider = await provider_with(weights)
    await provider.complete(HELLO)
    asking = asyncio.create_task(provider.complete(LONG))
    await asyncio.sleep(0.1)
    await provider.cleanup()
    with pytest.raises(ProviderError, match="it was told to"):
        await asking
    assert models() == []


@pytest.mark.asyncio
async def test_a_prompt_that_is_too_long_is_refused_before_it_is_read(weights: Path) -> None:
    provider = await provider_with(weights, context_size=64)
    with pytest.raises(
        ContextTooLong, match=r"the prompt has \d+ tokens, and 64 have to hold the answer too"
    ) as caught:
        await provider.complete(CompletionRequest("word " * 100))
    assert caught.value.setting == "context_size"
    response = await provider.complete(CompletionRequest("Numbers", schema=LONG.schema))
    assert (response.finish_reason, response.prompt_tokens + response.completion_tokens) == ("length", 64)  # type: ignore[operator] # both are counted
    await provider.cleanup()


@pytest.mark.asyncio
async def test_what_it_cannot_do_is_refused(provider: EmbeddedProvider) -> None:
    with pytest.raises(ProviderError, match="calls no tools"):
        await provider.complete(CompletionRequest("x", tools=({"type": "function"},)))
    with pytest.raises(ProviderError, match="there is no model 'other', only 'SmolLM2"):
        await provider.complete(CompletionRequest("x", model="other"))


@pytest.mark.asyncio
async def test_health_tells_whether_the_model_is_loaded(provider: EmbeddedProvider) -> None:
    facts = await provider.health_check()
    assert (facts["healthy"], facts["loaded"], facts["threads"]) == (True, False, 1)
    await provider.complete(HELLO)
    assert (await provider.health_check())["loaded"] is True
    assert await provider.count_available_models() == 1


@pytest.mark.usefixtures("weights")
@pytest.mark.asyncio
async def test_a_file_that_only_begins_as_a_model_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    provider = await provider_with(broken)
    with pytest.raises(ConfigError, match=r"llama\.cpp cannot load .*broken\.gguf") as caught:
        await provider.complete(HELLO)
    assert caught.value.fix == "localagent providers setup embedded --set model_path=FILE.gguf"
    await provider.cleanup()


def test_it_is_cleaned_up_after_its_loop_is_over(weights: Path) -> None:
    async def ask() -> EmbeddedProvider:
        provider = await provider_with(weights)
        await provider.complete(HELLO)
        return provider

    provider = asyncio.run(ask())
    running = psutil.Process().children()
    asyncio.run(provider.cleanup())
    _, alive = psutil.wait_procs(running, timeout=60)
    assert alive == []


def test_who_wants_no_more_stops_it_at_the_next_token(weights: Path) -> None:
    shown: list[str] = []
    model = Llama(ModelSettings(str(weights), context_size=2048, threads=1, max_tokens=1000, seed=7))
    with pytest.raises(StreamCut) as caught:
        model.answer(LONG, show=shown.append, is_stopped=lambda: len(shown) == 3)
    assert len(shown) == 3
    assert caught.value.partial == "".join(shown)
    with pytest.raises(StreamCut):
        model.answer(CompletionRequest("word " * 500), show=shown.append, is_stopped=lambda: True)
    assert len(shown) == 3
    model.close()
