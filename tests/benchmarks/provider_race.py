"""One way to ask for streamed answers, as a process: ``python provider_race.py WAY URL FOLDER CHUNKS QUESTIONS``.

It prints the median of the seconds until the first chunk came.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

Ask = Callable[[int], AsyncIterator[str]]


@asynccontextmanager
async def httpx2_alone(url: str, _: Path) -> AsyncIterator[Ask]:
    """What one would write without us."""
    import httpx2

    async with httpx2.AsyncClient(base_url=url) as client:

        async def ask(chunks: int) -> AsyncIterator[str]:
            body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": chunks, "stream": True}
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                async for event in httpx2.EventSource(response):
                    if event.data != "[DONE]":
                        yield json.loads(event.data)["choices"][0]["delta"].get("content") or ""

        yield ask


@asynccontextmanager
async def provider(url: str, _: Path) -> AsyncIterator[Ask]:
    """The provider, as it is without a host."""
    from localagent.plugins.provider import CompletionRequest
    from localagent.providers.openai_compatible import OpenAICompatibleProvider

    made = OpenAICompatibleProvider({"base_url": f"{url}/v1"})
    await made.initialize({})
    try:
        yield lambda chunks: made.stream_complete(CompletionRequest("hi", max_tokens=chunks))
    finally:
        await made.cleanup()


@asynccontextmanager
async def manager(url: str, folder: Path) -> AsyncIterator[Ask]:
    """The way of `ask` and of plugins."""
    from localagent import CompletionRequest, Host, HostOptions, PluginManager

    home = Path(tempfile.mkdtemp(dir=folder))
    (home / "config.yaml").write_text(json.dumps({"providers": {"openai-compatible": {"base_url": f"{url}/v1"}}}))
    plugins = PluginManager(Host.open(HostOptions(home=home)))
    try:
        yield lambda chunks: plugins.host.provider_manager.stream(CompletionRequest("hi", max_tokens=chunks))
    finally:
        await plugins.close()


WAYS: dict[str, Callable[[str, Path], AbstractAsyncContextManager[Ask]]] = {
    "httpx2": httpx2_alone,
    "provider": provider,
    "manager": manager,
}


async def seconds_until_first(ask: Ask, chunks: int) -> float:
    """How long a question waits for the first chunk; the rest is read too."""
    began = time.perf_counter()
    first = began
    async with aclosing(ask(chunks)) as pieces:  # type: ignore[type-var] # all of them are generators
        async for _ in pieces:
            if first == began:
                first = time.perf_counter()
    return first - began


async def main(way: str, url: str, folder: str, chunks: str, questions: str) -> None:
    """Ask once to open what is needed, then as often as told."""
    async with WAYS[way](url, Path(folder)) as ask:
        await seconds_until_first(ask, 0)
        print(statistics.median([await seconds_until_first(ask, int(chunks)) for _ in range(int(questions))]))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
