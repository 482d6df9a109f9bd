"""A server of chat completions with as many chunks as a request's ``max_tokens``, until standard input ends."""

from __future__ import annotations

import asyncio
import json
import sys

from loopback import Asked, running, stream


def event(text: str, finish: str | None = None) -> bytes:
    """One chunk as servers write it."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    told = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """So many words."""
    words = [event(f"word {number} ") for number in range(asked.json["max_tokens"])]
    await stream([*words, event("", "stop"), b"data: [DONE]\n\n"])(asked, writer)


if __name__ == "__main__":
    with running() as served:
        served.answer("/v1/chat/completions", answer)
        print(served.url, flush=True)
        sys.stdin.read()
