"""The provider ``openai-compatible`` against llama.cpp's own server: what it says has a shape, no sense."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import pytest_asyncio

from localagent.errors import ContextTooLong, ProviderError
from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions
from localagent.plugins.provider import CompletionRequest, StreamChunk
from localagent.providers.manager import ProviderManager
from plain import Run

NAME = "openai-compatible"
HELLO = CompletionRequest("Say hello", max_tokens=12)


@pytest.fixture(scope="module")
def server(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own, below which the interface lies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    # By default a new request of a stream cuts the one that is running.
    options = ["--host", "127.0.0.1", "--port", str(port), "--interrupt_requests", "false"]
    options += ["--n_ctx", "1024", "--n_threads", "1"]
    argv = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), *options]
    log = tmp_path_factory.mktemp("server") / "server.log"
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as process:
        try:
            while not _answers(f"http://127.0.0.1:{port}/v1/models"):
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:  # noqa: S310 - the address is of this test
            return bool(answer.status == 200)
    except (URLError, TimeoutError):
        return False


@pytest_asyncio.fixture
async def providers(server: str, home: Path) -> AsyncIterator[ProviderManager]:
    """The providers of a host for which that server is the default one."""
    home.mkdir()
    settings = f"{{base_url: '{server}', model: smollm2, structured_output: json_object}}"
    (home / "config.yaml").write_text(f"providers: {{default: {NAME}, {NAME}: {settings}}}\n")
    manager = PluginManager(Host.open(HostOptions(home=home)))
    yield manager.host.provider_manager
    await manager.close()


@pytest.mark.asyncio
async def test_an_answer_comes_whole(providers: ProviderManager) -> None:
    response = await providers.complete(HELLO)
    assert response.text
    assert response.model
    assert response.finish_reason in ("stop", "length")
    assert response.prompt_tokens
    assert response.completion_tokens


@pytest.mark.asyncio
async def test_an_answer_comes_piece_by_piece(providers: ProviderManager) -> None:
    pieces = [piece async for piece in providers.stream(HELLO)]
    last = pieces[-1]
    assert isinstance(last, StreamChunk)
    assert last.response is not None
    assert len(pieces) > 2
    assert last.response.text == "".join(pieces)
    assert last.response.finish_reason in ("stop", "length")


@pytest.mark.asyncio
async def test_messages_and_stop_texts_reach_the_model(providers: ProviderManager) -> None:
    messages = ({"role": "system", "content": "You are brief."}, {"role": "user", "content": "Count to ten"})
    response = await providers.complete(CompletionRequest(messages=messages, stop=("e",), max_tokens=40))
    assert "e" not in response.text


@pytest.mark.asyncio
async def test_an_answer_fits_its_schema(providers: ProviderManager) -> None:
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
    response = await providers.complete(CompletionRequest("A number", schema=schema, max_tokens=60))
    assert json.loads(response.text).keys() == {"number"}


@pytest.mark.asyncio
async def test_models_are_counted_and_health_tells_of_the_pool(providers: ProviderManager) -> None:
    provider = await providers.provider(NAME)
    assert await provider.test_connection()
    assert await provider.count_available_models() == 1
    (health,) = await providers.health([NAME])
    assert health.healthy, health.problem


@pytest.mark.asyncio
async def test_closing_early_and_a_cancel_let_the_next_one_in(providers: ProviderManager) -> None:
    long = CompletionRequest("Count from one to a thousand", max_tokens=500)
    async with aclosing(providers.stream(long)) as pieces:
        async for _ in pieces:
            break
    asking = asyncio.create_task(providers.complete(long))
    await asyncio.sleep(0.1)
    assert asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    assert (await providers.complete(HELLO)).text


@pytest.mark.asyncio
async def test_eight_at_once_are_all_answered(providers: ProviderManager) -> None:
    async def stream() -> str:
        return "".join([piece async for piece in providers.stream(HELLO)])

    responses = await asyncio.gather(*(providers.complete(HELLO) for _ in range(8)))
    assert all(response.completion_tokens for response in responses)
    assert all(await asyncio.gather(*(stream() for _ in range(8))))


@pytest.mark.asyncio
async def test_a_prompt_that_is_too_long_is_told(providers: ProviderManager) -> None:
    with pytest.raises(ProviderError) as caught:
        await providers.complete(CompletionRequest("word " * 2000))
    assert isinstance(caught.value, ContextTooLong), caught.value


def test_the_command_line_streams_from_it(localagent: Run, server: str) -> None:
    settings = ["--set", f"base_url={server}", "--set", "model=smollm2"]
    setup = localagent("providers", "setup", NAME, *settings)
    assert setup.code == 0, setup.text
    done = localagent("ask", "Say hello")
    assert (done.code, done.err) == (0, "")
    assert done.out.strip()
