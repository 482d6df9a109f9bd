"""A server on loopback that answers as a test tells it to, with faults that no honest server has.

It runs in a thread of its own, so tests of the command line and tests with an event loop use the same one.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer; the connection is closed afterwards where it drops it."""


class Cut(Exception):
    """The server closes the connection in the midst of an answer."""


@dataclass
class Loopback:
    """What a server was asked, and how it answers: each path in turn, the last of its answers for ever."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0
    most_connections: int = 0
    all_gone: threading.Event = field(default_factory=threading.Event)
    _answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, *answers: Answer) -> None:
        self._answers[path] = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as many requests as come."""
        self.connections += 1
        self.most_connections = max(self.connections, self.most_connections)
        self.all_gone.clear()
        try:
            while (asked := await _next(reader)) is not None:
                self.asked.append(asked)
                await self._answer_or_notice_the_end(asked, reader, writer)
        except (Cut, ConnectionError):
            pass
        finally:
            self.connections -= 1
            if not self.connections:
                self.all_gone.set()
            writer.close()

    async def _answer_or_notice_the_end(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer, but no longer than the client is there."""
        waiting = self._answers.get(asked.path) or [status(404, {"error": f"no path {asked.path}"})]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        answering = asyncio.ensure_future(answer(asked, writer))
        watching = asyncio.ensure_future(_end_of(reader))
        await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        if not answering.done():
            answering.cancel()
            raise Cut
        answering.result()


async def _end_of(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():  # noqa: ASYNC110 - reading would take bytes of the next request
        await asyncio.sleep(0.005)


async def _next(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


def status(code: int, value: Any = None, **headers: str) -> Answer:
    """A whole answer, JSON unless it is bytes; underscores in names of headers stand for hyphens."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()

    async def write(_: Asked, writer: asyncio.StreamWriter) -> None:
        told = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        lines = [f"HTTP/1.1 {code} Told", *(f"{name}: {text}" for name, text in told.items())]
        head = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""])
        writer.write(head.encode() + body)
        await writer.drain()

    return write


def stream(
    pieces: Iterable[bytes], *, kind: str = "text/event-stream", pause: float = 0.0, ending: str = "whole"
) -> Answer:
    """An answer in chunks as they are given.

    Args:
        pieces: the chunks.
        kind: the content type.
        pause: seconds before each but the first.
        ending: ``whole``, ``cut`` (the connection is closed before the last chunk) or ``open`` (nothing more comes).
    """
    kept = tuple(pieces)

    async def write(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for number, piece in enumerate(kept):
            if number and pause:
                await asyncio.sleep(pause)
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if ending == "cut":
            raise Cut
        if ending == "open":
            await asyncio.Event().wait()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return write


async def hang_up(_: Asked, writer: asyncio.StreamWriter) -> None:
    """No answer: the connection is closed."""
    raise Cut


async def say_nothing(_: Asked, writer: asyncio.StreamWriter) -> None:
    """No answer, and no end."""
    await asyncio.Event().wait()


def echo_headers(name: str) -> Answer:
    """A refusal that repeats a header of the request, as careless services do with keys."""

    async def write(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await status(401, {"error": {"message": f"Incorrect key: {asked.headers.get(name)}"}})(asked, writer)

    return write


@contextmanager
def running() -> Iterator[Loopback]:
    """A server in a thread of its own."""
    served, ready = Loopback(), threading.Event()
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(served.serve, "127.0.0.1", 0, limit=1 << 24)
        served.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ending.wait()
        server.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
